"""The platform's webhooks, v2: managed over HTTP, and sent when a job ends.

https://developer.bentley.com/apis/webhooks-v2/overview
"""
