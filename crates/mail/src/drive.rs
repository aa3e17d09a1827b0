//! The pump between a socket and a dialogue: the only file of the crate that owns a socket.
