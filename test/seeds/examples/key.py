import os
import requests

API_KEY = os.environ['INTERVIEWRELAY_API_KEY']

headers = {
    'Authorization': f'Bearer {API_KEY}',
    'Content-Type': 'application/json',
}

response = requests.get(
    'https://api.interviewrelay.com/api/campaigns',
    headers=headers
)

data = response.json()
