//! Mail of every kind that service desks get.

/// One message.
#[derive(Debug, Clone)]
pub struct Sample {
    /// What is special about it, as a file name: `nested-multipart`, `no-message-id`, `nul-bytes`.
    pub name: String,
    /// Its bytes.
    pub raw: Vec<u8>,
}

/// At least a hundred messages of every kind, the same for the same `seed`: nested multipart,
/// attachments of many MB, 8-bit headers, no Message-ID, bare LF, NUL bytes, lines over 998
/// octets, empty body, dot-stuffed, S/MIME, winmail.dat, bounces…
pub fn samples(seed: u64) -> Vec<Sample> {
    todo!()
}
