//! News that something in the store has changed.

/// Wakes whoever must look at the store again: after a change through this process at once, after
/// one by another process (the command line beside a running server) within about a second.
#[derive(Debug)]
pub struct Changes {
    _private: (),
}

impl Changes {
    /// Waits for the next change of a provider, an account or a grant. Several changes may be told
    /// as one; none is missed.
    pub async fn changed(&mut self) {
        todo!()
    }
}
