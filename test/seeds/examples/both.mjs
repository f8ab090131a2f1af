const response = await fetch('https://api.interviewrelay.com/api/campaigns', {
  headers: {
    'x-api-key': 'YOUR_API_KEY',
    'Authorization': 'Bearer YOUR_TOKEN',
    'Content-Type': 'application/json',
  },
});

const data = await response.json();
