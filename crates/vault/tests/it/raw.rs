//! The database beneath the store, as an intruder or another program would see it.

use mailgrant_vault::Location;
use secrecy::ExposeSecret as _;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

/// What stands in one column of one row.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) table: String,
    pub(crate) column: String,
    pub(crate) bytes: Vec<u8>,
}

/// A connection of its own.
pub(crate) enum Raw {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Raw {
    pub(crate) async fn open(location: &Location) -> Self {
        match location {
            Location::Sqlite(path) => {
                let options = SqliteConnectOptions::new().filename(path);
                Self::Sqlite(SqliteConnection::connect_with(&options).await.unwrap())
            }
            Location::Postgres(url) => {
                Self::Postgres(PgConnection::connect(url.expose_secret()).await.unwrap())
            }
        }
    }

    /// Runs one statement and says how many rows it touched.
    pub(crate) async fn run(&mut self, sql: &str) -> u64 {
        let query = sqlx::raw_sql(AssertSqlSafe(sql.to_owned()));
        match self {
            Self::Sqlite(it) => query.execute(it).await.unwrap().rows_affected(),
            Self::Postgres(it) => query.execute(it).await.unwrap().rows_affected(),
        }
    }

    /// Closes in good order, so that SQLite moves what stands in its journal into the file.
    pub(crate) async fn close(self) {
        match self {
            Self::Sqlite(it) => it.close().await.unwrap(),
            Self::Postgres(it) => it.close().await.unwrap(),
        }
    }

    /// Whether another connection waits, on PostgreSQL.
    pub(crate) async fn somebody_waits_for_a_lock(&mut self) -> bool {
        let sql = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
        self.all::<(i64,)>(sql).await[0].0 > 0
    }

    /// Everything that is in the database: every column of every table, NULLs left out.
    pub(crate) async fn cells(&mut self) -> Vec<Cell> {
        let mut cells = Vec::new();
        for (table, column, kind) in self.columns().await {
            let sql = match (&self, kind.as_str()) {
                (Self::Sqlite(_), _) => format!("SELECT CAST({column} AS BLOB) FROM {table}"),
                (Self::Postgres(_), "bytea") => format!("SELECT {column} FROM {table}"),
                (Self::Postgres(_), _) => {
                    format!("SELECT convert_to(CAST({column} AS TEXT), 'UTF8') FROM {table}")
                }
            };
            for bytes in self.all::<(Option<Vec<u8>>,)>(&sql).await {
                cells.extend(bytes.0.map(|bytes| Cell {
                    table: table.clone(),
                    column: column.clone(),
                    bytes,
                }));
            }
        }
        cells
    }

    /// Table, column, type: in the database's own words.
    pub(crate) async fn columns(&mut self) -> Vec<(String, String, String)> {
        let sql = match self {
            Self::Sqlite(_) => {
                "SELECT t.name, c.name, c.type FROM sqlite_master t, pragma_table_info(t.name) c
                 WHERE t.type = 'table' ORDER BY 1, 2"
            }
            Self::Postgres(_) => {
                "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), CAST(data_type AS TEXT)
                 FROM information_schema.columns
                 WHERE table_schema = current_schema() ORDER BY 1, 2"
            }
        };
        self.all(sql).await
    }

    async fn all<T>(&mut self, sql: &str) -> Vec<T>
    where
        T: Send + Unpin,
        T: for<'r> sqlx::FromRow<'r, sqlx::sqlite::SqliteRow>,
        T: for<'r> sqlx::FromRow<'r, sqlx::postgres::PgRow>,
    {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(it) => sqlx::query_as(sql).fetch_all(it).await.unwrap(),
            Self::Postgres(it) => sqlx::query_as(sql).fetch_all(it).await.unwrap(),
        }
    }
}
