"""A bundle as a service: events in, answers and spike counts out, over HTTP and WebSocket."""
