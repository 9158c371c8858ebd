"""The requests that every order takes, quickly."""
