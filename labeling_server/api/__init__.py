"""What every route of the REST API rests on: what requests may hold, what answers hold, how both are described."""
