//! Making people and saying what they may do, as happens behind the API.

use super::model::Person;
use super::spec::{OrgRole, Reach, RepoRole};
use crate::github::GitHubSim;
use crate::github::model::{State, is_name, name_key};
use crate::github::spec::{OwnerKind, SimError};

impl GitHubSim {
    /// Makes a person, unless there is one, and answers their id.
    ///
    /// # Panics
    /// When nobody can be called so, or an organization is.
    pub fn add_user(&self, login: &str) -> u64 {
        match self.try_add_user(login) {
            Ok(id) => id,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn try_add_user(&self, login: &str) -> Result<u64, SimError> {
        if !is_name(login) {
            return Err(SimError::BadName(login.to_owned()));
        }
        let now = self.now();
        let mut state = self.state();
        let owner = state.add_owner(login, OwnerKind::User);
        if owner.kind != OwnerKind::User {
            return Err(SimError::Taken(login.to_owned()));
        }
        let person = Person {
            login: owner.login.clone(),
            name: format!("The user {}", owner.login),
            email: format!("{}@example.invalid", owner.login.to_ascii_lowercase()),
            created_at: now,
        };
        state.people.persons.entry(owner.id).or_insert(person);
        Ok(owner.id)
    }

    /// Gives a person another login. The id stays, tokens go on working, and repositories move along.
    pub fn rename_user(&self, login: &str, new_login: &str) -> Result<(), SimError> {
        if !is_name(new_login) {
            return Err(SimError::BadName(new_login.to_owned()));
        }
        let mut state = self.state();
        let id = state.user(login)?;
        if state.owner(new_login).is_some_and(|other| other.id != id) {
            return Err(SimError::Taken(new_login.to_owned()));
        }
        if let Some(mut owner) = state.owners.remove(&login.to_ascii_lowercase()) {
            new_login.clone_into(&mut owner.login);
            state.owners.insert(new_login.to_ascii_lowercase(), owner);
        }
        if let Some(person) = state.people.persons.get_mut(&id) {
            new_login.clone_into(&mut person.login);
        }
        let mut moved = Vec::new();
        for repository in state.repositories.values_mut() {
            if repository.owner.eq_ignore_ascii_case(login) {
                new_login.clone_into(&mut repository.owner);
                moved.push((name_key(new_login, &repository.name), repository.id));
            }
        }
        state.names.extend(moved);
        for token in state.people.tokens.values_mut() {
            if let Reach::FineGrained { owner, .. } = &mut token.reach
                && owner.eq_ignore_ascii_case(login)
            {
                new_login.clone_into(owner);
            }
        }
        for installation in state.installations.values_mut() {
            if installation.owner.eq_ignore_ascii_case(login) {
                new_login.clone_into(&mut installation.owner);
            }
        }
        Ok(())
    }

    /// Makes a person a member or an owner of an organization (made when new), or changes what they
    /// are.
    pub fn add_member(&self, org: &str, login: &str, role: OrgRole) -> Result<(), SimError> {
        if !is_name(org) {
            return Err(SimError::BadName(org.to_owned()));
        }
        let mut state = self.state();
        let user = state.user(login)?;
        let owner = state.add_owner(org, OwnerKind::Organization);
        if owner.kind != OwnerKind::Organization {
            return Err(SimError::NoOrganization(org.to_owned()));
        }
        state.people.members.insert((owner.id, user), role);
        Ok(())
    }

    /// Takes a person out of an organization. `false`: they were no member.
    pub fn remove_member(&self, org: &str, login: &str) -> bool {
        let mut state = self.state();
        let key = state.owner(org).map(|owner| owner.id).zip(state.user(login).ok());
        key.is_some_and(|key| state.people.members.remove(&key).is_some())
    }

    /// Lets a person into one repository, or changes what they may do there.
    pub fn add_collaborator(&self, owner: &str, name: &str, login: &str, role: RepoRole) -> Result<(), SimError> {
        let mut state = self.state();
        let repository = state.get_repository(owner, name)?.id;
        let user = state.user(login)?;
        state.people.collaborators.insert((repository, user), role);
        Ok(())
    }

    /// Shuts a person out of one repository again. `false`: they were no collaborator.
    pub fn remove_collaborator(&self, owner: &str, name: &str, login: &str) -> bool {
        let mut state = self.state();
        let repository = state.get_repository(owner, name).map(|repository| repository.id);
        let key = repository.ok().zip(state.user(login).ok());
        key.is_some_and(|key| state.people.collaborators.remove(&key).is_some())
    }
}

impl State {
    /// The id of a person.
    pub(crate) fn user(&self, login: &str) -> Result<u64, SimError> {
        let owner = self
            .owner(login)
            .filter(|owner| self.people.persons.contains_key(&owner.id));
        owner
            .map(|owner| owner.id)
            .ok_or_else(|| SimError::NoUser(login.to_owned()))
    }
}
