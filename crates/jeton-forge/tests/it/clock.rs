use jeton_forge::ForgeError;
use jeton_forge_sim::{FaultKind, FaultRule};
use jiff::SignedDuration;

use crate::world::{World, names, read};

#[tokio::test]
async fn a_clock_that_is_wrong_is_repaired_once_and_for_all() {
    for minutes in [-90, -20, 20, 90] {
        let w = World::new().await;
        let skew = SignedDuration::from_mins(minutes);
        w.sim.clock().set_skew(skew);
        w.app
            .get_app()
            .await
            .unwrap_or_else(|error| panic!("{minutes} min: {error}"));
        assert_eq!(w.sim.calls().total(), 2, "{minutes} min: refused once, repaired");
        assert_eq!(w.app.clock_offset(), skew);

        w.sim.calls().reset();
        w.app.get_app().await.unwrap();
        w.clock.advance(SignedDuration::from_mins(30));
        w.app.get_app().await.unwrap();
        assert_eq!(w.sim.calls().total(), 2, "{minutes} min: what was learnt is kept");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_right_is_noticed() {
    let w = World::new().await;
    w.sim.clock().set_skew(SignedDuration::from_mins(30));
    w.app.get_app().await.unwrap();
    w.sim.clock().set_skew(SignedDuration::ZERO);
    w.app.get_app().await.unwrap();
    assert_eq!(w.app.clock_offset(), SignedDuration::ZERO);
}

#[tokio::test]
async fn a_mint_is_judged_by_the_clock_of_the_forge() {
    let w = World::new().await;
    // by our own clock, the token of such a forge has ended when it comes
    w.sim.clock().set_skew(SignedDuration::from_hours(-2));
    let minted = w.app.mint(w.installation, &names(&["tools"]), &read()).await.unwrap();
    assert_eq!(
        w.sim.github().live_tokens()[0].expires_at,
        minted.expires_at.timestamp()
    );
    assert_eq!(w.sim.calls().mints(), 1);
}

#[tokio::test]
async fn a_forge_whose_date_is_wrong_too_cannot_be_followed() {
    let w = World::new().await;
    w.sim.clock().set_skew(SignedDuration::from_mins(30));
    let lie = w
        .sim
        .faults()
        .add(FaultRule::new(FaultKind::SkewedDate(SignedDuration::from_mins(60))));
    match w.app.get_app().await.unwrap_err() {
        ForgeError::ClockSkew { offset_seconds, .. } => assert_eq!(offset_seconds, 90 * 60),
        other => panic!("{other:?}"),
    }
    assert_eq!(w.sim.calls().total(), 2, "one repair, no more");
    assert_eq!(w.app.clock_offset(), SignedDuration::ZERO, "nothing was learnt");
    w.sim.faults().remove(lie);
    w.app.get_app().await.unwrap();
    assert_eq!(w.app.clock_offset(), SignedDuration::from_mins(30));
}
