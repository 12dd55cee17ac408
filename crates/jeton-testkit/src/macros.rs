/// Runs each test once per database: `name::sqlite` and `name::postgres`.
#[macro_export]
macro_rules! both_databases {
    ($($(#[$meta:meta])* async fn $name:ident($t:ident: TestJeton) $body:block)*) => {
        $(
            $(#[$meta])*
            mod $name {
                use super::*;

                async fn body($t: $crate::TestJeton) $body

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn sqlite() {
                    body($crate::TestJeton::start($crate::DatabaseKind::Sqlite).await).await;
                }

                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn postgres() {
                    body($crate::TestJeton::start($crate::DatabaseKind::Postgres).await).await;
                }
            }
        )*
    };
}
