use chrono::TimeDelta;
use secrecy::{ExposeSecret, SecretString};
use taskgauge_store::{StoreError, testing, users::Role};

const EMAIL: &str = "ada@example.com";

fn password() -> SecretString {
    "correct horse battery".into()
}

#[tokio::test]
async fn a_welcome_link_makes_one_admin() {
    let database = testing::database().await;
    let store = &database.store;
    assert!(store.needs_first_admin().await.unwrap());
    let expired = store.create_welcome(TimeDelta::minutes(5)).await.unwrap();
    database.clock.set(database.clock.now() + TimeDelta::minutes(5));
    assert!(!store.welcome_is_valid(&expired).await.unwrap());
    let late = store.redeem_welcome(&expired, EMAIL, "Ada", &password()).await;
    assert!(matches!(late, Err(StoreError::NotFound { what: "welcome link" })));

    let (token, other) = (
        store.create_welcome(TimeDelta::hours(1)).await.unwrap(),
        store.create_welcome(TimeDelta::hours(1)).await.unwrap(),
    );
    let short = store.redeem_welcome(&token, EMAIL, "Ada", &"short".into()).await;
    assert!(matches!(short, Err(StoreError::Invalid(_))));
    assert!(store.welcome_is_valid(&token).await.unwrap(), "a mistake does not cost the link");
    let id = store.redeem_welcome(&token, EMAIL, "Ada", &password()).await.unwrap();
    assert!(!store.needs_first_admin().await.unwrap());
    for used in [&token, &other, &"made up".into()] {
        assert!(!store.welcome_is_valid(used).await.unwrap());
        let again = store.redeem_welcome(used, "b@example.com", "B", &password()).await;
        assert!(matches!(again, Err(StoreError::NotFound { .. })));
    }

    let user = store.verify_password(" ADA@example.com", &password()).await.unwrap().unwrap();
    assert_eq!((user.id, user.role, user.name.as_str()), (id, Role::Admin, "Ada"));
    assert_eq!(store.verify_password(EMAIL, &"correct horse batterz".into()).await.unwrap(), None);
    assert_eq!(store.verify_password("nobody@example.com", &password()).await.unwrap(), None);

    let twice = store.add_user(EMAIL, "Ada@Example.com", "Ada", &password(), Role::Member).await;
    assert!(matches!(twice, Err(StoreError::Conflict { .. })));
    let log = store.audit_log(10).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].actor.as_str(), log[0].action.as_str()), (EMAIL, "user.welcome"));
}

#[tokio::test]
async fn one_link_cannot_make_two_admins_at_once() {
    let database = testing::database().await;
    let store = &database.store;
    let token = store.create_welcome(TimeDelta::hours(1)).await.unwrap();
    let password = password();
    let (one, two) = tokio::join!(
        store.redeem_welcome(&token, "one@example.com", "One", &password),
        store.redeem_welcome(&token, "two@example.com", "Two", &password),
    );
    assert!(one.is_ok() != two.is_ok(), "{one:?} {two:?}");
}

#[tokio::test]
async fn sessions_live_while_they_are_used() {
    let database = testing::database().await;
    let (store, clock) = (&database.store, &database.clock);
    let user = store.add_user("test", EMAIL, "Ada", &password(), Role::Member).await.unwrap();
    let token = store.create_session(user).await.unwrap();
    let session = store.session(&token).await.unwrap().unwrap();
    assert_eq!((session.user.id, session.user.role), (user, Role::Member));
    assert_eq!(store.session(&"made up".into()).await.unwrap(), None);

    clock.set(clock.now() + TimeDelta::days(20));
    assert!(store.session(&token).await.unwrap().is_some());
    clock.set(clock.now() + TimeDelta::days(20));
    assert!(store.session(&token).await.unwrap().is_some(), "use has prolonged it");
    clock.set(clock.now() + TimeDelta::days(30));
    assert_eq!(store.session(&token).await.unwrap(), None);

    let token = store.create_session(user).await.unwrap();
    let other = store.create_session(user).await.unwrap();
    assert_ne!(token.expose_secret(), other.expose_secret());
    store.end_session(&token).await.unwrap();
    assert_eq!(store.session(&token).await.unwrap(), None);
    assert!(store.session(&other).await.unwrap().is_some());
}
