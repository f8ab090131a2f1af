// The hosted page: the invite stands in the fragment, which browsers send to no server and put into no referrer.
const KEPT = 'anteroom:invite'

/** The invite of this address; after a reload, when the address does not show it any more, the one of before. */
function readInvite() {
  const invite = location.hash.slice(1)
  try {
    if (!invite) return sessionStorage.getItem(KEPT) ?? ''
    sessionStorage.setItem(KEPT, invite)
  } catch {
    // Nothing may be kept here: a reload needs the link again.
  }
  return invite
}

/** Shows the interview, and takes the invite out of the address bar and the history. */
function show() {
  const invite = readInvite()
  history.replaceState(null, '', location.pathname)
  window.InterviewSDK.mount('#interview', {
    invite: invite || 'inv_none',
    onReady({ title, language }) {
      document.title = title
      document.documentElement.lang = language
      document.querySelector('#title').textContent = title
    },
  })
}

show()
// Another invite in the same tab.
addEventListener('hashchange', () => location.hash && show())
