//! Where to go at Microsoft: the paths of the Entra admin center, as its pages had them in 2026.

macro_rules! entra {
    ($($name:ident = $path:literal;)+) => {
        $(pub(super) const $name: &str = concat!("Entra admin center > ", $path);)+
    };
}

entra! {
    AUTHENTICATION = "App registrations > your app > Authentication";
    CLAIMS = "Enterprise apps > your app > Single sign-on > Attributes & Claims";
    CONNECT_HEALTH = "Entra Connect > Connect Sync";
    CONSENT_REQUESTS = "Enterprise apps > Admin consent requests";
    CREDENTIALS = "App registrations > your app > Certificates & secrets";
    CROSS_TENANT = "External Identities > Cross-tenant access settings";
    DEFAULTS = "Overview > Properties > Manage security defaults";
    DEVICES = "Devices > All devices";
    ENTERPRISE_APP = "Enterprise apps > your app > Properties > Enabled for users to sign in";
    FEDERATION = "Domain names > the mailbox's domain";
    GRANT_CONSENT = "Enterprise apps > your app > Permissions > Grant admin consent";
    METHODS = "Users > the account > Authentication methods";
    PERMISSIONS = "App registrations > your app > API permissions";
    POLICIES = "Conditional Access > Policies";
    REGISTRATION = "App registrations > your app > Overview";
    REGISTRATIONS = "App registrations > New registration";
    RISKY_USERS = "ID Protection > Risky users";
    SIGN_IN_LOG = "Monitoring & health > Sign-in logs";
    USERS = "Users > the account";
    USERS_AND_GROUPS = "Enterprise apps > your app > Users and groups";
}

pub(super) const LICENCES: &str = "Microsoft 365 admin center > Billing > Licenses";
