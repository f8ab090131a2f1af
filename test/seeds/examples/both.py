import requests

headers = {
    'x-api-key': 'YOUR_API_KEY',
    'Authorization': 'Bearer YOUR_TOKEN',
    'Content-Type': 'application/json',
}

response = requests.get(
    'https://api.interviewrelay.com/api/campaigns',
    headers=headers
)

data = response.json()
