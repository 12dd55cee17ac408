//! JSON of the HTTP API, shared by server and command line
