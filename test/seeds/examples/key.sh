curl https://api.interviewrelay.com/api/campaigns \
  -H "Authorization: Bearer YOUR_API_KEY"
