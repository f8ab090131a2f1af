const API_KEY = process.env.INTERVIEWRELAY_API_KEY;

const response = await fetch('https://api.interviewrelay.com/api/campaigns', {
  headers: {
    'Authorization': `Bearer ${API_KEY}`,
    'Content-Type': 'application/json',
  },
});

const data = await response.json();
