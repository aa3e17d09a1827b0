//! The steps of both databases' schemas.

use std::collections::BTreeSet;
use std::path::Path;

use crate::bench::Bench;
use crate::raw::Raw;

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |database| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        std::fs::read_dir(folder.join(database))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect::<BTreeSet<_>>()
    };
    let (sqlite, postgres) = (names("sqlite"), names("postgres"));
    assert!(!sqlite.is_empty());
    assert_eq!(sqlite, postgres);
    for (number, name) in (1..).zip(&sqlite) {
        assert!(
            name.starts_with(&format!("{number:04}_")),
            "{name} is not number {number}"
        );
        assert_eq!(Path::new(name).extension(), Some("sql".as_ref()), "{name}");
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL; ./test installs it"]
async fn both_databases_have_the_same_tables_and_columns() {
    let (sqlite, postgres) = (Bench::sqlite().await, Bench::postgres().await);
    let mut schemas = Vec::new();
    for bench in [&sqlite, &postgres] {
        let columns = Raw::open(&bench.location).await.columns().await;
        let ours: BTreeSet<_> = columns
            .into_iter()
            .map(|(table, column, _)| (table, column))
            .filter(|(table, _)| !table.starts_with("_sqlx") && !table.starts_with("sqlite_"))
            .collect();
        schemas.push(ours);
    }
    assert!(schemas[0].len() > 50);
    assert_eq!(schemas[0], schemas[1]);
}
