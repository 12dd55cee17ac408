use std::collections::BTreeMap;

use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{DataKey, DataKeyState, KeyStatus, Reseal, SealedCount, SealingKey};
use jeton_broker::{DataKeyReport, KeyReport, SealingKeyReport};

use super::render;
use crate::{
    auth::{Permitted, rights::KeyRead},
    extract::{NoParams, Params},
    failure::Failure,
    state::Shared,
};

/// How the vault is sealed: ids and counts, never a key.
#[utoipa::path(
    get,
    path = "/v1/keys",
    operation_id = "getKeyStatus",
    tag = "server",
    responses((status = 200, description = "Keys by their fingerprints", body = KeyStatus))
)]
pub(crate) async fn get_key_status(
    _: Permitted<KeyRead>,
    State(state): State<Shared>,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let report = state.broker.key_report().await?;
    Ok(render::private(StatusCode::OK, status(report)))
}

fn status(report: KeyReport) -> KeyStatus {
    let current = report.sealing_keys.iter().find(|key| key.current);
    let of_all = report.data_keys.iter().flat_map(|key| key.values.clone());
    KeyStatus {
        sealing_key: current.map(|key| key.id.to_string()).unwrap_or_default(),
        sealing_key_source: current.and_then(|key| key.source.clone()).unwrap_or_default(),
        sealed: by_table(of_all.map(|(place, values)| (place.table(), values))),
        lost: by_table(report.lost.iter().map(|count| (count.place.table(), count.values))),
        sealing_keys: report.sealing_keys.into_iter().map(sealing_key).collect(),
        data_keys: report.data_keys.iter().map(data_key).collect(),
        reseal: report.reseal.map(|reseal| Reseal {
            data_key: reseal.data_key.to_string(),
            left: reseal.left,
            values: reseal.values,
            next_at: reseal.next_at.map(|at| at.to_string()),
            note: reseal.note,
        }),
    }
}

fn sealing_key(key: SealingKeyReport) -> SealingKey {
    SealingKey {
        id: key.id.to_string(),
        source: key.source,
        current: key.current,
        data_keys: key.data_keys,
    }
}

fn data_key(key: &DataKeyReport) -> DataKey {
    DataKey {
        may_be_retired: key.may_be_retired(),
        id: key.record.id.to_string(),
        wrapped_by: key.record.wrapped_by.to_string(),
        created_at: key.record.created_at.to_string(),
        state: match key.state {
            jeton_broker::DataKeyState::Coming => DataKeyState::Coming,
            jeton_broker::DataKeyState::Sealing => DataKeyState::Sealing,
            jeton_broker::DataKeyState::Old => DataKeyState::Old,
        },
        values: key.values.iter().map(|(_, values)| values).sum(),
        sealed: by_table(key.values.iter().map(|(place, values)| (place.table(), *values))),
    }
}

fn by_table(counts: impl Iterator<Item = (&'static str, u64)>) -> Vec<SealedCount> {
    let mut tables = BTreeMap::<_, u64>::new();
    for (table, values) in counts {
        *tables.entry(table).or_default() += values;
    }
    let count = |(table, values): (&str, u64)| SealedCount {
        table: table.to_owned(),
        values,
    };
    tables.into_iter().map(count).collect()
}
