//! What the rows follow.

macro_rules! learn {
    ($($name:ident = $path:literal;)+) => {
        $(pub(super) const $name: &str = concat!("https://learn.microsoft.com/", $path);)+
    };
}

macro_rules! troubleshoot {
    ($($name:ident = $path:literal;)+) => {
        $(pub(super) const $name: &str = concat!(
            "https://learn.microsoft.com/troubleshoot/entra/entra-id/app-integration/",
            $path
        );)+
    };
}

learn! {
    CODES = "entra/identity-platform/reference-error-codes";
    FEDERATED = "entra/workload-id/workload-identity-federation-considerations";
    FLOWS = "entra/identity/conditional-access/concept-authentication-flows";
    MANAGED_DEVICE = "azure/iot-operations/troubleshoot/known-issues";
}

troubleshoot! {
    AMBIGUOUS = "error-code-aadsts7000110-request-is-ambiguous";
    COMPLIANT_DEVICE = "error-code-aadsts530004-acceptcompliantdevice-setting-not-configured";
    DEVICE_GONE = "error-code-aadsts700003-device-object-was-not-found";
    DISABLED = "error-code-aadsts500571-guest-user-account-is-disabled";
    RISKY_APP = "troubleshoot-consent-issues";
    US_GOVERNMENT = "error-aadsts900439-usgclientnotsupportedonpublicendpoint";
}

pub(super) const SMTP_WIKI: &str =
    "https://github.com/PHPMailer/PHPMailer/wiki/Microsoft-OAuth2-SMTP-issues";
