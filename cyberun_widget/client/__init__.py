"""The REST calls for users: an asynchronous client, a blocking facade over it, and readable lists."""
