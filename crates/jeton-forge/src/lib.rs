//! Talks to the forges: GitHub App calls, their errors told apart
