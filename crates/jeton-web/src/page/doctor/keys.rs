use jeton_broker::{DataKeyReport, DataKeyState, KeyReport, SealingKeyReport};

use crate::page::{
    badge::{Badge, Tone},
    time::Time,
    viewer::Viewer,
};

/// How the vault is sealed: ids and counts, never a key.
pub(super) struct KeysView {
    pub(super) verdict: Badge,
    pub(super) sealing: Vec<SealingKey>,
    pub(super) data: Vec<DataKey>,
    /// How far a re-sealing is.
    pub(super) reseal: Option<String>,
}

pub(super) struct SealingKey {
    pub(super) id: String,
    pub(super) state: Badge,
    pub(super) source: Option<String>,
    pub(super) data_keys: u64,
}

pub(super) struct DataKey {
    pub(super) id: String,
    pub(super) state: Badge,
    pub(super) made: Time,
    pub(super) wrapped_by: String,
    pub(super) values: u64,
}

impl KeysView {
    pub(super) fn of(report: &KeyReport, viewer: &Viewer) -> Self {
        Self {
            verdict: verdict(report),
            sealing: report.sealing_keys.iter().map(sealing).collect(),
            data: report.data_keys.iter().map(|key| data(key, viewer)).collect(),
            reseal: report.reseal.as_ref().map(|reseal| {
                let done = reseal.values.saturating_sub(reseal.left);
                let all = reseal.values;
                format!(
                    "Values are being sealed with the key {}: {done} of {all} are.",
                    reseal.data_key
                )
            }),
        }
    }
}

fn verdict(report: &KeyReport) -> Badge {
    let lost: u64 = report.lost.iter().map(|count| count.values).sum();
    let is_absent = report.sealing_keys.iter().any(|key| key.source.is_none());
    let current = report.sealing_keys.iter().find(|key| key.current);
    if lost > 0 || is_absent {
        Badge::new(Tone::Bad, "Some values cannot be opened")
    } else if report.reseal.is_some() {
        Badge::new(Tone::Busy, "A change of keys is under way")
    } else if report.sealing_keys.iter().any(|key| !key.current && key.data_keys > 0) {
        Badge::new(Tone::Warn, "A key from before is still needed")
    } else if current.is_some() {
        Badge::new(Tone::Good, "Everything is sealed with the current key")
    } else {
        Badge::new(Tone::Dim, "Not known")
    }
}

fn sealing(key: &SealingKeyReport) -> SealingKey {
    SealingKey {
        id: key.id.to_string(),
        state: match (key.current, &key.source, key.data_keys) {
            (true, ..) => Badge::new(Tone::Good, "Current"),
            (false, None, _) => Badge::new(Tone::Bad, "Missing"),
            (false, Some(_), 0) => Badge::new(Tone::Dim, "Not needed any more"),
            (false, Some(_), _) => Badge::new(Tone::Warn, "From before, still needed"),
        },
        source: key.source.clone(),
        data_keys: key.data_keys,
    }
}

fn data(key: &DataKeyReport, viewer: &Viewer) -> DataKey {
    DataKey {
        id: key.record.id.to_string(),
        state: match key.state {
            DataKeyState::Coming => Badge::new(Tone::Busy, "Seals soon"),
            DataKeyState::Sealing => Badge::new(Tone::Good, "Seals new values"),
            DataKeyState::Old if key.may_be_retired() => Badge::new(Tone::Dim, "Nothing needs it"),
            DataKeyState::Old => Badge::new(Tone::Dim, "Opens older values"),
        },
        made: viewer.time(key.record.created_at),
        wrapped_by: key.record.wrapped_by.to_string(),
        values: key.values.iter().map(|(_, values)| values).sum(),
    }
}
