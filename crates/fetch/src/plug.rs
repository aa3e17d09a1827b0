//! Where a test pulls the plug: every effect of a delivery asks first whether there is still
//! power. Outside tests there always is, and nothing of this is left in the program.

use std::io;

/// Whether there is still power.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plug {
    #[cfg(test)]
    effects_left: Option<std::sync::Arc<std::sync::atomic::AtomicI64>>,
}

impl Plug {
    /// Called right before each effect.
    #[cfg(not(test))]
    #[expect(
        clippy::unnecessary_wraps,
        clippy::unused_self,
        reason = "the tests' own version below can fail"
    )]
    #[inline]
    pub(crate) fn power(&self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
impl Plug {
    /// Power for so many effects.
    pub(crate) fn after(effects: i64) -> Self {
        let left = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(effects));
        Self {
            effects_left: Some(left),
        }
    }

    /// Called right before each effect.
    pub(crate) fn power(&self) -> io::Result<()> {
        use std::sync::atomic::Ordering;
        match &self.effects_left {
            Some(left) if left.fetch_sub(1, Ordering::SeqCst) <= 0 => {
                Err(io::Error::other("the plug was pulled"))
            }
            _ => Ok(()),
        }
    }

    /// Whether it was pulled.
    pub(crate) fn pulled(&self) -> bool {
        self.effects_left
            .as_ref()
            .is_some_and(|left| left.load(std::sync::atomic::Ordering::SeqCst) < 0)
    }
}
