use async_trait::async_trait;
use jeton_domain::{Role, Secret, UserId, UserName};
use jeton_vault::{UserRecord, UserRepo, VaultError};
use jiff::Timestamp;
use sqlx::postgres::PgRow;

use crate::{
    locks::Lock,
    rows::{Reader, to_count},
    tx::{Access, Repo},
    watch::Watched as _,
};

/// All of them are in an index of their own.
const COUNT_OPERATORS: &str = "SELECT count(*) FROM users WHERE role = 'operator' AND disabled_at IS NULL";

pub(crate) fn read(row: &PgRow) -> Result<UserRecord, VaultError> {
    let row = Reader::new(row, "users", "id");
    let issuer = row.text_or_null("provider_issuer")?;
    let subject = row.text_or_null("provider_subject")?;
    Ok(UserRecord {
        id: UserId::from_uuid(row.uuid("id")?),
        name: UserName::parse(&row.text("name")?).map_err(|_| row.corrupt("name"))?,
        role: row.text("role")?.parse().map_err(|_| row.corrupt("role"))?,
        password: row.text_or_null("password")?.map(Secret::new),
        provider: issuer.zip(subject),
        created_at: row.time("created_at")?,
        last_sign_in_at: row.time_or_null("last_sign_in_at")?,
        disabled_at: row.time_or_null("disabled_at")?,
    })
}

#[async_trait]
impl UserRepo for Repo<'_> {
    async fn list(&mut self, after: Option<&UserName>, limit: u32) -> Result<Vec<UserRecord>, VaultError> {
        // Nothing is below the empty name.
        let rows = sqlx::query("SELECT * FROM users WHERE name > $1 ORDER BY name LIMIT $2")
            .bind(after.map_or("", UserName::as_str))
            .bind(i64::from(limit))
            .fetch_all(&mut *self.conn)
            .watched(self.watch)
            .await?;
        rows.iter().map(read).collect()
    }

    async fn find(&mut self, id: UserId) -> Result<Option<UserRecord>, VaultError> {
        let row = sqlx::query("SELECT * FROM users WHERE id = $1")
            .bind(id.as_uuid())
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await?;
        row.as_ref().map(read).transpose()
    }

    async fn find_by_name(&mut self, name: &UserName) -> Result<Option<UserRecord>, VaultError> {
        let row = sqlx::query("SELECT * FROM users WHERE name = $1")
            .bind(name.as_str())
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await?;
        row.as_ref().map(read).transpose()
    }

    async fn find_by_provider(&mut self, issuer: &str, subject: &str) -> Result<Option<UserRecord>, VaultError> {
        let row = sqlx::query("SELECT * FROM users WHERE provider_issuer = $1 AND provider_subject = $2")
            .bind(issuer)
            .bind(subject)
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await?;
        row.as_ref().map(read).transpose()
    }

    async fn add(&mut self, user: &UserRecord) -> Result<(), VaultError> {
        self.lock(Lock::Operators).await?;
        let (issuer, subject) = user
            .provider
            .as_ref()
            .map(|(issuer, subject)| (issuer, subject))
            .unzip();
        let done = sqlx::query(
            "INSERT INTO users (id, name, role, password, provider_issuer, provider_subject, created_at, \
             last_sign_in_at, disabled_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        )
        .bind(user.id.as_uuid())
        .bind(user.name.as_str())
        .bind(user.role.as_str())
        // A hash, and it goes nowhere but there.
        .bind(user.password.as_ref().map(Secret::expose))
        .bind(issuer)
        .bind(subject)
        .bind(user.created_at.as_millisecond())
        .bind(user.last_sign_in_at.map(Timestamp::as_millisecond))
        .bind(user.disabled_at.map(Timestamp::as_millisecond))
        .execute(&mut *self.conn)
        .watched(self.watch)
        .await?;
        if done.rows_affected() == 1 {
            Ok(())
        } else {
            Err(VaultError::Conflict(format!(
                "a user named {}, or one whom the provider knows as the same",
                user.name
            )))
        }
    }

    async fn set_role(&mut self, id: UserId, role: Role) -> Result<bool, VaultError> {
        self.lock(Lock::Operators).await?;
        let done = sqlx::query("UPDATE users SET role = $2 WHERE id = $1")
            .bind(id.as_uuid())
            .bind(role.as_str())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn set_password(&mut self, id: UserId, password: &Secret) -> Result<bool, VaultError> {
        let done = sqlx::query("UPDATE users SET password = $2 WHERE id = $1")
            .bind(id.as_uuid())
            .bind(password.expose())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn set_disabled(&mut self, id: UserId, at: Option<Timestamp>) -> Result<bool, VaultError> {
        self.lock(Lock::Operators).await?;
        let done = sqlx::query("UPDATE users SET disabled_at = $2 WHERE id = $1")
            .bind(id.as_uuid())
            .bind(at.map(Timestamp::as_millisecond))
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn remove(&mut self, id: UserId) -> Result<bool, VaultError> {
        self.lock(Lock::Operators).await?;
        // Their browser sessions go with them: see the migration.
        let done = sqlx::query("DELETE FROM users WHERE id = $1")
            .bind(id.as_uuid())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn signed_in(&mut self, id: UserId, at: Timestamp) -> Result<(), VaultError> {
        // In any case a change of the row: it keeps a change of the password waiting until this sign-in is done.
        sqlx::query("UPDATE users SET last_sign_in_at = greatest(last_sign_in_at, $2) WHERE id = $1")
            .bind(id.as_uuid())
            .bind(at.as_millisecond())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(())
    }

    async fn count_operators(&mut self) -> Result<u64, VaultError> {
        if self.access == Access::Write {
            self.lock(Lock::Operators).await?;
        }
        let count = sqlx::query_scalar(COUNT_OPERATORS)
            .fetch_one(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(to_count(count))
    }

    async fn any(&mut self) -> Result<bool, VaultError> {
        let any = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM users)")
            .fetch_one(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(any)
    }
}
