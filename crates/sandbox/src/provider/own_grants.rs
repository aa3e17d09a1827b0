//! Grants that need no person: client credentials (RFC 6749, section 4.4) and signed assertions
//! (RFC 7523, section 2.1).

use super::assertion::{Assertion, Defect};
use super::context::Context;
use super::parameters::Parameters;
use super::persona::{Persona, google, microsoft};
use super::refusal::Refusal;
use super::registration::{Client, ServiceAccount};
use super::scope::Scope;
use super::token::{Answer, Wanted, access};

/// How long an assertion about a user may live, in seconds.
const LONGEST: i64 = 3600;

/// A client acts in its own name.
pub(super) fn client_credentials(
    context: &Context,
    tenant: &str,
    client: &Client,
    parameters: &Parameters,
) -> Result<Answer, Refusal> {
    if client.is_public() {
        let complaint = "a client that proves nothing has no name of its own";
        return Err(Refusal::new("unauthorized_client", complaint).entra(7_000_218));
    }
    let wanted = match context.persona() {
        Persona::Plain => Wanted {
            scope: own_scope(client, parameters)?,
            resource: None,
        },
        Persona::Microsoft => {
            let asked = parameters.get("scope");
            let (resource, scope) = microsoft::application(tenant, asked, &client.own_scopes)?;
            Wanted {
                scope,
                resource: Some(resource),
            }
        }
        // Google's own names are those of service accounts.
        Persona::Google => {
            return Err(Refusal::new(
                "unsupported_grant_type",
                "Invalid grant_type: client_credentials",
            ));
        }
    };
    let grant = context
        .grants()
        .grant(&client.id, &client.id, wanted.scope.clone());
    access(context, grant, &wanted)
}

/// What a client asks for of its own; without a wish, all that it may.
fn own_scope(client: &Client, parameters: &Parameters) -> Result<Scope, Refusal> {
    let own = Scope::parse(&client.own_scopes.join(" "));
    let asked = parameters.get("scope").map_or(own.clone(), Scope::parse);
    if asked.is_empty() || !own.covers(&asked) {
        return Err(Refusal::new(
            "invalid_scope",
            format!("client `{}` may ask for: {own}", client.id),
        ));
    }
    Ok(asked)
}

/// A service account vouches for a user.
pub(super) fn assertion(context: &Context, parameters: &Parameters) -> Result<Answer, Refusal> {
    let refuse = |defect: Defect| match context.persona() {
        Persona::Google => google::assertion_refused(defect),
        Persona::Plain | Persona::Microsoft => Refusal::invalid_grant(defect.to_string()),
    };
    let assertion = Assertion::read(parameters.require("assertion")?).map_err(refuse)?;
    let issuer = &assertion.claims.iss;
    let account = context.options.service_account(issuer);
    let account = account.ok_or_else(|| refuse(Defect::UnknownKey))?;
    assertion.check_signature(&account.keys).map_err(refuse)?;
    let now = context.options.now.seconds();
    assertion
        .check_claims(&context.audiences(), now, LONGEST)
        .map_err(refuse)?;
    let scope = delegated(context, account, &assertion, parameters)?;
    let subject = &assertion.claims.sub;
    let user = context.options.user_named(subject).ok_or_else(|| {
        Refusal::invalid_grant(match context.persona() {
            // GAM's list of token errors.
            Persona::Google if !subject.contains('@') => "Not a valid email".to_owned(),
            Persona::Google => "Invalid email or User ID".to_owned(),
            Persona::Plain | Persona::Microsoft => format!("no user `{subject}` is known"),
        })
    })?;
    let grant = context
        .grants()
        .grant(&account.issuer, &user.address, scope.clone());
    let wanted = Wanted {
        scope,
        resource: None,
    };
    access(context, grant, &wanted)
}

/// The scopes that are asked for, if all are delegated to the account: Google reads them in the
/// assertion (`service-account`), the RFC in the request.
fn delegated(
    context: &Context,
    account: &ServiceAccount,
    assertion: &Assertion<'_>,
    parameters: &Parameters,
) -> Result<Scope, Refusal> {
    let google = context.persona() == Persona::Google;
    let asked = if google {
        assertion.claims.scope.as_deref()
    } else {
        parameters.get("scope")
    };
    let asked = Scope::parse(asked.unwrap_or_default());
    let delegated = Scope::parse(&account.scopes.join(" "));
    if !asked.is_empty() && delegated.covers(&asked) {
        Ok(asked)
    } else if google {
        Err(google::not_delegated())
    } else {
        let complaint = format!("delegated to `{}`: {delegated}", account.issuer);
        Err(Refusal::new("invalid_scope", complaint))
    }
}
