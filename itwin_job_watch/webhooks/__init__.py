"""Registers the app with the iTwin Platform, which then tells it when jobs end.  It uses only the platform's HTTP API.

https://developer.bentley.com/apis/webhooks-v2/overview
"""
