//! By copying the address back: for a server without a browser, whose redirect URI nobody answers.

use std::io::BufRead as _;

use mailgrant_base::Diagnose as _;
use mailgrant_oauth::RedirectUri;
use mailgrant_vault::Account;
use secrecy::SecretString;

use super::answer;
use crate::failure::Failure;
use crate::house::House;
use crate::output;
use crate::settings::Config;

/// The longest line that is read: an answer has a code and a state, and Microsoft's codes are long.
const LONGEST: u64 = 64 * 1024;

/// Prints the provider's address and reads the one that the browser ended at.
pub(super) async fn authorize(
    house: &House,
    config: &Config,
    account: &Account,
    redirect_uri: Option<&str>,
) -> Result<(), Failure> {
    let redirect_uri = match redirect_uri {
        Some(text) => RedirectUri::parse(text).map_err(|why| {
            let next = "Give the redirect URI as it is registered at the provider.";
            Failure::operator(format!("`{text}` is no redirect URI: {why}."), next)
        })?,
        None => config.redirect_uri.clone(),
    };
    let browser = SecretString::from(house.random.token());
    let departure = house
        .keeper
        .begin_at(account.id, &browser, &redirect_uri)
        .await
        .map_err(|error| Failure::of(error.diagnosis()))?;
    output::line(&format!(
        "1. Open this address in any browser, within 10 minutes, and sign in as {}:\n\n  {}\n\n\
         2. At the end the browser goes to {redirect_uri} and may say that the page cannot be \
         found. That is all right.\n\
         3. Copy the whole address from the browser's address bar, paste it here and press Enter:\n",
        account.expected_sign_in(),
        departure.url
    ))?;
    let line = tokio::task::spawn_blocking(read_line).await;
    let line = line.unwrap_or_default();
    answer::finish(house, query_of(&line)?, &browser).await
}

fn read_line() -> String {
    let mut line = String::new();
    let limited = std::io::Read::take(std::io::stdin().lock(), LONGEST);
    // What cannot be read has no answer in it, and that is said below.
    let _ = std::io::BufReader::new(limited).read_line(&mut line);
    line
}

/// The query of a pasted address, or of a pasted query alone.
fn query_of(pasted: &str) -> Result<&str, Failure> {
    let pasted = pasted.trim().trim_matches(['"', '\'', '<', '>']);
    let query = match pasted.split_once('?') {
        // A redirect URI may have a query of its own, and Google puts a lone `#` behind its own.
        Some((_, query)) => query.split('#').next().unwrap_or(query),
        None => pasted,
    };
    let has =
        |name: &str| url::form_urlencoded::parse(query.as_bytes()).any(|(key, _)| key == name);
    if has("state") && (has("code") || has("error")) {
        return Ok(query);
    }
    Err(Failure::operator(
        "That is not the address that the provider sent the browser to.",
        "Nothing was changed. Run the command again; after signing in, copy the whole address from \
         the address bar: it contains code= and state=.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_taken_however_it_was_copied() {
        for pasted in [
            "http://localhost/?code=c&state=s",
            "  https://desk.example.com/index.pl?Action=A&state=s&code=c#  \n",
            "<http://localhost/?error=access_denied&state=s>",
            "code=c&state=s",
        ] {
            let query = query_of(pasted).unwrap();
            assert!(query.contains("state=s") && !query.contains(['#', '>', '?']));
        }
    }

    #[test]
    fn what_is_no_answer_is_told_at_once() {
        for pasted in [
            "",
            "https://login.example.com/authorize?client_id=x&state=s",
            "http://localhost/?code=c",
            "code",
        ] {
            assert!(query_of(pasted).is_err(), "{pasted}");
        }
    }
}
