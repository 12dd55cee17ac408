//! Runners that are made one by one and whose tokens jeton keeps (GitLab, Bitbucket). Each step is written down before the next begins:
//!
//! | Written down | What is true | Who finds it so later does |
//! | --- | --- | --- |
//! | `Making` | the forge may have made it | nothing for ten minutes, then makes another; the first stays at its forge without a token |
//! | `Live` | the token is good, as far as is known | hands it out, looks once in an hour, renews it ahead; dead, and the runner renewed it itself: it is lost |
//! | `Renewing` | jeton's request may have ended the token, and another is in nobody's hands | waits for ten minutes and looks at it: alive, and it is live; dead, and an account gets another |
//! | `Lost` | the token is of no use | makes another |
//!
//! One at a time works on a runner ([`super::turn`]).

mod give;
mod helpers;
mod job;
mod keep;
mod lost;
mod make;
mod need;
mod renew;
mod row;

pub(crate) use job::RenewRunner;
pub(crate) use make::{grant_of_made, unclear_making};
pub(crate) use row::{about, entry, kept_runner};
