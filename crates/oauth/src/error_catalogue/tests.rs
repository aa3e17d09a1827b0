use std::collections::BTreeSet;

use mailgrant_base::Fault;

use super::*;

#[test]
fn no_code_stands_twice() {
    let mut seen = BTreeSet::new();
    for row in rows() {
        for code in row.codes {
            // Words may stand beside several errors; a code of `error` may not in two families.
            let key = match row.family {
                Family::GoogleWords | Family::OtherWords => format!("{} {code}", row.error),
                Family::Microsoft => format!("AADSTS{code}"),
                Family::MicrosoftSuberror => format!("suberror {code}"),
                _ => (*code).to_owned(),
            };
            assert!(seen.insert(key), "{code}");
        }
    }
}

#[test]
fn every_row_is_whole() {
    for row in rows() {
        for text in [row.what, row.next] {
            let begins = text.chars().next().is_some_and(char::is_uppercase);
            assert!(
                begins && text.ends_with('.') && !text.contains("  ") && text.is_ascii(),
                "{row:?}"
            );
        }
        assert!(!row.codes.is_empty() && !row.source.is_empty(), "{row:?}");
        assert!(
            row.source.starts_with("https://")
                || row.source.starts_with("RFC ")
                || row.source.starts_with("OpenID ")
                || row.family == Family::Mailgrant,
            "{row:?}"
        );
        assert!(
            !row.place
                .is_some_and(|place| place.ends_with('.') || place.contains("  ")),
            "{row:?}"
        );
    }
}

#[test]
fn whose_turn_it_is_agrees_with_what_becomes_of_the_grant() {
    for row in rows() {
        assert_eq!(
            row.effect == Effect::Passes,
            row.fault.passes_by_itself(),
            "{row:?}"
        );
        if row.effect == Effect::Profile {
            assert!(
                matches!(row.fault, Fault::Operator | Fault::Tenant),
                "{row:?}"
            );
        }
        // Whose turn it is can find the place: an administrator who must act gets one.
        let lead = row.fault == Fault::Tenant && row.family == Family::Microsoft;
        assert!(
            !lead
                || row.place.is_some()
                || row.next.contains("proxy")
                || row.next.contains("directory"),
            "{row:?}"
        );
    }
}

#[test]
fn at_least_a_hundred_and_fifty_of_microsofts_numbers_are_known() {
    let numbers = rows().filter(|row| row.family == Family::Microsoft);
    let numbers: Vec<&str> = numbers.flat_map(|row| row.codes).copied().collect();
    assert!(numbers.len() >= 150, "{}", numbers.len());
    for number in numbers {
        assert!(number.bytes().all(|byte| byte.is_ascii_digit()), "{number}");
    }
}

#[test]
fn words_are_in_lower_case_and_in_what_is_said() {
    for row in rows().filter(|row| matches!(row.family, Family::GoogleWords | Family::OtherWords)) {
        for words in row.codes {
            assert_eq!(*words, words.to_ascii_lowercase());
        }
        let says = row.says.unwrap().to_ascii_lowercase();
        assert!(
            row.codes.iter().any(|words| says.contains(words)),
            "{row:?}"
        );
    }
}

fn said(description: &str) -> Said {
    Said {
        error: "e".to_owned(),
        description: Some(description.to_owned()),
        ..Said::default()
    }
}

#[test]
fn a_number_is_taken_whole_and_from_the_beginning() {
    let what = |description: &str| look_up(&said(description)).map(|row| row.codes);
    for known in ["AADSTS7000222: x", "AADSTS7000222", "AADSTS7000222."] {
        assert_eq!(what(known), Some(&["7000222"][..]), "{known}");
    }
    for other in [
        "AADSTS70002229",
        "AADSTS",
        "AADSTSx",
        "see AADSTS7000222",
        "AADSTS 7000222",
    ] {
        assert_eq!(what(other), None, "{other}");
    }
    let mut ended = said("AADSTS500208: x");
    ended.error = "invalid_grant".to_owned();
    assert_eq!(look_up(&ended).unwrap().codes, ["500207", "500208"]);
}

#[test]
fn a_number_may_save_a_grant_and_never_ends_one() {
    for row in rows().filter(|row| row.family == Family::Microsoft) {
        for code in row.codes {
            let said = |error: &str| Said {
                error: error.to_owned(),
                description: Some(format!("AADSTS{code}: x")),
                ..Said::default()
            };
            assert_eq!(effect(&said("invalid_grant")), Some(row.effect), "{code}");
            for leaves in ["invalid_client", "temporarily_unavailable", "brand_new"] {
                assert_ne!(effect(&said(leaves)), Some(Effect::Ends), "{code}");
            }
        }
    }
}

#[test]
fn an_unknown_number_leads_to_microsofts_page_about_it() {
    let said = Said {
        error: "invalid_grant".to_owned(),
        description: Some("AADSTS99999999: new. Trace ID: t".to_owned()),
        ..Said::default()
    };
    let row = look_up(&said).unwrap();
    assert_eq!(row.family, Family::Standard);
    let diagnosis = diagnosis(&said, row);
    let page = "https://login.microsoftonline.com/error?code=99999999";
    assert_eq!(diagnosis.place.as_deref(), Some(page));
    assert!(diagnosis.said.unwrap().contains("AADSTS99999999"));
    assert_eq!(
        look_up_page_in("a AADSTS99999999: b").as_deref(),
        Some(page)
    );
    assert_eq!(look_up_page_in("AADSTS"), None);
}

#[test]
fn a_suberror_explains_what_no_number_does() {
    let mut said = Said {
        error: "invalid_grant".to_owned(),
        suberror: Some("token_expired".to_owned()),
        ..Said::default()
    };
    assert_eq!(look_up(&said).unwrap().family, Family::MicrosoftSuberror);
    said.error = "invalid_client".to_owned();
    assert_eq!(effect(&said), Some(Effect::Profile));
    assert_eq!(look_up(&said).unwrap().family, Family::Standard);
    said.number = Some(7_000_222);
    assert_eq!(look_up(&said).unwrap().family, Family::Microsoft);
}
