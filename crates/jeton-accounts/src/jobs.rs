use std::sync::Arc;

use jeton_jobs::Handler;

use crate::{Accounts, rotation::RotateAccount, webhook::DeliverWebhook};

impl Accounts {
    /// What the worker must be able to do for the accounts.
    pub fn handlers(&self) -> Vec<Arc<dyn Handler>> {
        vec![
            Arc::new(RotateAccount(self.clone())),
            Arc::new(DeliverWebhook(self.clone())),
        ]
    }
}
