//! Devices that wait for a person (RFC 8628).

use std::collections::HashMap;

use super::ambient::{secret, user_code};
use super::refusal::Refusal;
use super::scope::Scope;

/// So many devices may wait.
const MOST: usize = 1_000;

/// How much longer a device that asks too fast has to wait (RFC 8628, section 3.5), in seconds.
const SLOWER: i64 = 5;

/// Devices that wait, by their device code.
#[derive(Default)]
pub(super) struct Devices(HashMap<String, Device>);

struct Device {
    client: String,
    scope: Scope,
    user_code: String,
    ends: i64,
    interval: i64,
    asked: Option<i64>,
    decision: Option<Decision>,
}

/// What a person has decided.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Decision {
    Allowed { user: String, scope: Scope },
    Denied,
}

/// A device's codes.
#[derive(Debug)]
pub(super) struct Codes {
    pub(super) device: String,
    pub(super) user: String,
}

/// Where a device's question leads to.
pub(super) struct Allowed {
    pub(super) user: String,
    pub(super) scope: Scope,
}

impl Devices {
    /// A device begins to wait.
    pub(super) fn begin(
        &mut self,
        client: &str,
        scope: Scope,
        (now, lifetime, interval): (i64, i64, i64),
    ) -> Result<Codes, Refusal> {
        self.0.retain(|_, device| now < device.ends + lifetime);
        if self.0.len() >= MOST {
            return Err(Refusal::new(
                "temporarily_unavailable",
                "too many devices wait",
            ));
        }
        let codes = Codes {
            device: secret("dc_"),
            user: user_code(),
        };
        let device = Device {
            client: client.to_owned(),
            scope,
            user_code: codes.user.clone(),
            ends: now.saturating_add(lifetime),
            interval,
            asked: None,
            decision: None,
        };
        self.0.insert(codes.device.clone(), device);
        Ok(codes)
    }

    /// The device whose code a person has typed, in whatever case and with or without its hyphen:
    /// its device code, client and scope.
    pub(super) fn find(&self, typed: &str, now: i64) -> Option<(String, String, Scope)> {
        let letters = |code: &str| -> String {
            let letters = code.chars().filter(char::is_ascii_alphanumeric);
            letters.map(|letter| letter.to_ascii_uppercase()).collect()
        };
        let typed = letters(typed);
        let (code, device) = self.0.iter().find(|(_, device)| {
            letters(&device.user_code) == typed && now < device.ends && device.decision.is_none()
        })?;
        Some((code.clone(), device.client.clone(), device.scope.clone()))
    }

    /// A person has decided: who allows which scope, or nobody anything.
    pub(super) fn decide(&mut self, code: &str, allowed: Option<(&str, Scope)>) {
        if let Some(device) = self.0.get_mut(code) {
            device.decision = Some(match allowed {
                Some((user, scope)) => Decision::Allowed {
                    user: user.to_owned(),
                    scope,
                },
                None => Decision::Denied,
            });
        }
    }

    /// A device asks whether somebody has decided (RFC 8628, section 3.5).
    pub(super) fn ask(&mut self, code: &str, client: &str, now: i64) -> Result<Allowed, Refusal> {
        let Some(device) = self.0.get_mut(code) else {
            return Err(Refusal::invalid_grant("the device code is unknown").entra(70_018));
        };
        if device.client != client {
            return Err(Refusal::invalid_grant(
                "the device code belongs to another client",
            ));
        }
        if now >= device.ends {
            return Err(Refusal::new("expired_token", "the device code is over").entra(70_020));
        }
        let last = device.asked.replace(now);
        if last.is_some_and(|last| now < last.saturating_add(device.interval)) {
            device.interval += SLOWER;
            return Err(Refusal::new("slow_down", "the device asks too fast"));
        }
        match device.decision.take() {
            None => {
                Err(Refusal::new("authorization_pending", "nobody has decided yet").entra(70_016))
            }
            Some(Decision::Denied) => {
                self.0.remove(code);
                Err(Refusal::new(
                    "access_denied",
                    "the user has denied the request",
                ))
            }
            Some(Decision::Allowed { user, scope }) => {
                self.0.remove(code);
                Ok(Allowed { user, scope })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting() -> (Devices, Codes) {
        let mut devices = Devices::default();
        let codes = devices.begin("desk", Scope::parse("imap"), (0, 900, 5));
        (devices, codes.unwrap())
    }

    fn refused(devices: &mut Devices, code: &str, now: i64) -> String {
        match devices.ask(code, "desk", now) {
            Err(refusal) => refusal.error,
            Ok(_) => "allowed".to_owned(),
        }
    }

    #[test]
    fn a_device_that_asks_too_fast_has_to_wait_longer_each_time() {
        let (mut devices, codes) = waiting();
        let mut ask = |now| refused(&mut devices, &codes.device, now);
        assert_eq!(ask(0), "authorization_pending");
        assert_eq!(ask(5), "authorization_pending");
        assert_eq!(ask(9), "slow_down");
        assert_eq!(ask(18), "slow_down");
        assert_eq!(ask(33), "authorization_pending");
    }

    #[test]
    fn a_device_code_ends_with_its_time_and_is_used_once() {
        let (mut devices, codes) = waiting();
        assert!(devices.find(&codes.user.to_lowercase(), 899).is_some());
        assert!(devices.find(&codes.user, 900).is_none());
        assert_eq!(refused(&mut devices, &codes.device, 900), "expired_token");

        let (mut devices, codes) = waiting();
        devices.decide(&codes.device, Some(("a@example.com", Scope::parse("imap"))));
        assert!(
            devices.find(&codes.user, 1).is_none(),
            "it has been decided"
        );
        let other = devices.ask(&codes.device, "other", 1).err();
        assert_eq!(other.unwrap().error, "invalid_grant");
        assert_eq!(refused(&mut devices, &codes.device, 1), "allowed");
        assert_eq!(refused(&mut devices, &codes.device, 9), "invalid_grant");
    }
}
