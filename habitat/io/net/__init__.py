"""HTTP, mail and object storage under one policy, and the caches of what came."""
