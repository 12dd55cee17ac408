use async_trait::async_trait;
use jeton_domain::{AppId, AppIssuer, AppName, InstallationId, Sealed};
use jeton_vault::{AppRecord, AppRepo, InstallationRecord, InstallationRepo, VaultError};
use sqlx::postgres::PgRow;

use crate::{
    rows::{Reader, to_integer},
    tx::Repo,
    watch::Watched as _,
};

fn read(row: &PgRow) -> Result<AppRecord, VaultError> {
    let row = Reader::new(row, "apps", "id");
    Ok(AppRecord {
        id: AppId::from_uuid(row.uuid("id")?),
        name: AppName::parse(&row.text("name")?).map_err(|_| row.corrupt("name"))?,
        forge: row.forge()?,
        issuer: AppIssuer::parse(&row.text("issuer")?).map_err(|_| row.corrupt("issuer"))?,
        private_key: Sealed::from_bytes(row.bytes("private_key")?),
        key_fingerprint: row.fingerprint("key_fingerprint")?,
        created_at: row.time("created_at")?,
    })
}

#[async_trait]
impl AppRepo for Repo<'_> {
    async fn list(&mut self) -> Result<Vec<AppRecord>, VaultError> {
        let rows = sqlx::query("SELECT * FROM apps ORDER BY name")
            .fetch_all(&mut *self.conn)
            .watched(self.watch)
            .await?;
        rows.iter().map(read).collect()
    }

    async fn find(&mut self, name: &AppName) -> Result<Option<AppRecord>, VaultError> {
        let row = sqlx::query("SELECT * FROM apps WHERE name = $1")
            .bind(name.as_str())
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await?;
        row.as_ref().map(read).transpose()
    }

    async fn add(&mut self, app: &AppRecord) -> Result<(), VaultError> {
        let done = sqlx::query(
            "INSERT INTO apps (id, name, forge_kind, forge_api_url, issuer, private_key, key_fingerprint, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name) DO NOTHING",
        )
        .bind(app.id.as_uuid())
        .bind(app.name.as_str())
        .bind(app.forge.kind().as_str())
        .bind(app.forge.api_url())
        .bind(app.issuer.as_str())
        .bind(app.private_key.as_bytes())
        .bind(app.key_fingerprint.as_str())
        .bind(app.created_at.as_millisecond())
        .execute(&mut *self.conn)
        .watched(self.watch)
        .await?;
        if done.rows_affected() == 1 {
            Ok(())
        } else {
            Err(VaultError::Conflict(format!("an App named {}", app.name)))
        }
    }

    async fn remove(&mut self, id: AppId) -> Result<bool, VaultError> {
        sqlx::query("DELETE FROM installations WHERE app = $1")
            .bind(id.as_uuid())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        let done = sqlx::query("DELETE FROM apps WHERE id = $1")
            .bind(id.as_uuid())
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(done.rows_affected() == 1)
    }
}

fn read_installation(row: &PgRow) -> Result<InstallationRecord, VaultError> {
    let row = Reader::new(row, "installations", "owner");
    Ok(InstallationRecord {
        app: AppId::from_uuid(row.uuid("app")?),
        owner: row.text("owner")?,
        installation: InstallationId(row.number("installation")?),
        found_at: row.time("found_at")?,
    })
}

#[async_trait]
impl InstallationRepo for Repo<'_> {
    async fn find(&mut self, app: AppId, owner: &str) -> Result<Option<InstallationRecord>, VaultError> {
        let row = sqlx::query("SELECT * FROM installations WHERE app = $1 AND owner = $2")
            .bind(app.as_uuid())
            .bind(owner)
            .fetch_optional(&mut *self.conn)
            .watched(self.watch)
            .await?;
        row.as_ref().map(read_installation).transpose()
    }

    async fn put(&mut self, installation: &InstallationRecord) -> Result<(), VaultError> {
        sqlx::query(
            "INSERT INTO installations (app, owner, installation, found_at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (app, owner) DO UPDATE SET installation = excluded.installation, found_at = excluded.found_at",
        )
        .bind(installation.app.as_uuid())
        .bind(&installation.owner)
        .bind(to_integer(installation.installation.0)?)
        .bind(installation.found_at.as_millisecond())
        .execute(&mut *self.conn)
        .watched(self.watch)
        .await?;
        Ok(())
    }

    async fn remove(&mut self, app: AppId, owner: &str) -> Result<(), VaultError> {
        sqlx::query("DELETE FROM installations WHERE app = $1 AND owner = $2")
            .bind(app.as_uuid())
            .bind(owner)
            .execute(&mut *self.conn)
            .watched(self.watch)
            .await?;
        Ok(())
    }
}
