//! What the session asks for becomes an order to the agent, and its answer an event.

use iced::Task;

use super::Message;
use crate::{
    agent::Handle,
    door::Door,
    session::{Effect, Event, SessionId},
};

/// The doors of a session are others now, if there is an answer.
fn listed(session: SessionId, doors: impl Future<Output = Option<Vec<Door>>> + Send + 'static) -> Task<Message> {
    Task::perform(doors, |doors| doors)
        .and_then(move |doors| Task::done(Message::Session(Event::DoorsListed(session, doors))))
}

pub(super) fn perform(agent: &Handle, effect: Effect) -> Task<Message> {
    match effect {
        Effect::Prepare => {
            agent.prepare();
            Task::none()
        }
        Effect::Forget(session, why) => {
            agent.forget(session, why);
            Task::none()
        }
        Effect::KeepBudget(left) => {
            agent.keep_budget(left);
            Task::none()
        }
        Effect::KeepLanguage(session, language) => {
            agent.keep_language(session, language);
            Task::none()
        }
        Effect::Identify(session, presented, asked) => {
            let answer = agent.identify(session, presented, asked);
            Task::perform(answer, move |answer| Message::Session(Event::Identified(session, answer)))
        }
        Effect::CheckPlaces(session) => listed(session, agent.check_places(session)),
        Effect::List(session) => listed(session, agent.list(session)),
        Effect::Recount(session) => listed(session, agent.recount(session)),
        Effect::Follow(session, request, door) => {
            let seen = agent.follow(session, door);
            Task::perform(seen, move |outcome| Message::Session(Event::LookedAt(request, outcome)))
        }
        Effect::Technician(session, step) => {
            let is_there = agent.technician(session, step);
            Task::perform(is_there, move |is_there| Message::Stepped(is_there.then_some(step)))
        }
        Effect::ReadBack(session, door) => {
            agent.read_back(session, door);
            Task::none()
        }
        Effect::Unlock(session, request, door) => {
            let answer = agent.unlock(session, request, door);
            Task::perform(answer, move |outcome| Message::Session(Event::UnlockAnswered(request, outcome)))
        }
    }
}
