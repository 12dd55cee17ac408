//! `jeton-browser screenshots docs/images`: the pictures of the book.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use clap::{Parser, Subcommand};
use jeton_browser::{Chromium, Forge, Page, Person, Ports, Role, Theme, World};
use jeton_forge_sim::PersonalTokenSpec;
use jiff::SignedDuration;

/// A phone, a tablet, a desk.
const WIDTHS: [u32; 3] = [390, 820, 1440];

/// Drives Chromium over jeton's pages.
#[derive(Parser)]
#[command(name = "jeton-browser")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Takes the pictures of the book: each page at three widths in both themes.
    Screenshots {
        /// Where to put them.
        directory: PathBuf,
        /// PNG instead of WebP.
        #[arg(long)]
        png: bool,
        /// Only pages whose name has this in it.
        #[arg(long, default_value = "")]
        only: String,
    },
}

/// A page of the book: its name, and its path.
const SHOTS: [(&str, &str); 11] = [
    ("sign-in", "/sign-in"),
    ("overview", "/"),
    ("accounts", "/settings/accounts"),
    ("add-account", "/settings/accounts/new"),
    ("account", "/settings/accounts/release-scripts"),
    ("grants", "/grants"),
    ("apps", "/apps/ci"),
    ("runners", "/runners"),
    ("explain", "/settings/policies/explain"),
    ("record", "/record"),
    ("doctor", "/doctor"),
];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let Arguments {
        command: Command::Screenshots { directory, png, only },
    } = Arguments::parse();
    std::fs::create_dir_all(&directory).with_context(|| directory.display().to_string())?;
    let world = Box::pin(World::start_on(Ports::Fixed)).await;
    world.fill().await;
    let chromium = Chromium::start().await;
    let taken = take_all(&world, &chromium, &directory, png, &only).await;
    chromium.close().await;
    let bytes = taken?;
    tell(&format!("{} KB of pictures in {}", bytes / 1024, directory.display()));
    Ok(())
}

#[expect(clippy::print_stdout, reason = "a command's answer")]
fn tell(words: &str) {
    println!("{words}");
}

async fn take_all(
    world: &World,
    chromium: &Chromium,
    directory: &Path,
    png: bool,
    only: &str,
) -> anyhow::Result<usize> {
    let mut bytes = 0;
    let mut root = Person::signed_in(&world.t, chromium, "grace", "operator").await.page;
    let mut stranger = chromium.page(&world.t.url).await;
    for (name, path) in SHOTS.into_iter().filter(|(name, _)| name.contains(only)) {
        let page = if name == "sign-in" { &mut stranger } else { &mut root };
        page.width(1440).await;
        let status = page.open(path).await;
        ensure!(status == 200, "{path} answered {status}");
        prepare(world, page, name).await;
        for theme in Theme::BOTH {
            page.theme(theme).await;
            for width in WIDTHS {
                page.width(width).await;
                let picture = page.picture(!png).await;
                bytes += picture.len();
                let ending = if png { "png" } else { "webp" };
                let file = directory.join(format!("{name}-{width}-{}.{ending}", theme.word()));
                std::fs::write(&file, picture).with_context(|| file.display().to_string())?;
            }
        }
    }
    Ok(bytes)
}

/// What somebody did on the page before the picture was taken.
async fn prepare(world: &World, page: &mut Page, name: &str) {
    match name {
        "add-account" => {
            let spec = PersonalTokenSpec::classic(["repo"]).expires_in(SignedDuration::from_hours(24 * 90));
            let token = world.at_github(spec).token;
            page.choose("GitHub").await;
            page.tick("My forge is self-hosted", true).await;
            page.fill("Address of the forge", &world.web_url(Forge::GitHub)).await;
            page.tick("Push commits", true).await;
            page.sees("For this,").await;
            page.fill("Token", &token).await;
            page.until_true("document.getElementById('pasted').innerText.length > 10")
                .await;
            page.fill("Label", "deploy-docs").await;
            page.act("Test connection").await;
            page.sees("What the test found").await;
        }
        "explain" => {
            page.choose("A client").await;
            page.fill("The client's name", "dashboards").await;
            page.select("What they would do", "token.mint").await;
            page.fill("Repositories", "acme/tools").await;
            page.fill("Permissions", "contents=write").await;
            page.act("Explain").await;
            page.sees("Policies, the nearest first").await;
        }
        "runners" => {
            let web_url = world.web_url(Forge::GitHub);
            page.fill("Forge", web_url.trim_start_matches("http://")).await;
            page.fill("Repository or owner", "acme/tools").await;
            page.act("Check").await;
            page.sees("It takes").await;
        }
        "doctor" | "apps" => {
            let button = if name == "doctor" { "Check now" } else { "Check" };
            if page.has(Role::Button, button).await {
                page.act(button).await;
                page.until_true("!document.querySelector('[aria-busy=true]')").await;
            }
        }
        _ => {}
    }
}
