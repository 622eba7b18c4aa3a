"""The REST calls for users: asynchronous, and the same behind one blocking facade; lists that read well."""
