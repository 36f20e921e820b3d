//! What the client's errors mean under the contract: away, which passes, or something that a person must
//! mend. Pure; what is done about an error stands with whoever asked.

use crate::contract::LogError;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// The error of a request that was about `what`.
pub(super) fn of(what: &str, error: &KafkaError) -> LogError {
    match code(error) {
        Some(code) => of_code(what, code),
        None => match error {
            KafkaError::ClientConfig(..) | KafkaError::ClientCreation(_) => {
                LogError::Mismatch(format!("the kafka client cannot be made: {error}"))
            }
            KafkaError::Canceled => LogError::Away {
                detail: format!("{what}: the request was given up"),
            },
            other => LogError::Io {
                what: what.to_owned(),
                detail: other.to_string(),
                code: None,
            },
        },
    }
}

/// The same for a bare code.
pub(super) fn of_code(what: &str, code: RDKafkaErrorCode) -> LogError {
    if passes(code) {
        return LogError::Away {
            detail: format!("{what}: {code}"),
        };
    }
    LogError::Io {
        what: what.to_owned(),
        detail: code.to_string(),
        code: Some(code as i32),
    }
}

/// Its code, where it has one.
pub(super) fn code(error: &KafkaError) -> Option<RDKafkaErrorCode> {
    match error {
        KafkaError::AdminOp(code) => Some(*code),
        other => other.rdkafka_error_code(),
    }
}

/// Whether the same may succeed later by itself: the brokers come back, elect, catch up.
pub(super) fn passes(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as C;
    matches!(
        code,
        C::BrokerTransportFailure
            | C::AllBrokersDown
            | C::Resolve
            | C::SSL
            | C::MessageTimedOut
            | C::OperationTimedOut
            | C::TimedOutQueue
            | C::RequestTimedOut
            | C::WaitingForCoordinator
            | C::InProgress
            | C::WaitCache
            | C::Retry
            | C::NodeUpdate
            | C::UnknownBroker
            | C::DestroyBroker
            | C::BrokerDestroy
            | C::LeaderNotAvailable
            | C::NotLeaderForPartition
            | C::BrokerNotAvailable
            | C::ReplicaNotAvailable
            | C::NetworkException
            | C::CoordinatorLoadInProgress
            | C::CoordinatorNotAvailable
            | C::NotCoordinator
            | C::NotEnoughReplicas
            | C::NotEnoughReplicasAfterAppend
            | C::ISRInsufficient
            | C::RebalanceInProgress
            | C::NotController
            | C::KafkaStorageError
            | C::FencedLeaderEpoch
            | C::UnknownLeaderEpoch
            | C::StaleBrokerEpoch
            | C::OffsetNotAvailable
            | C::PreferredLeaderNotAvailable
            | C::EligibleLeadersNotAvailable
            | C::ThrottlingQuotaExceeded
    )
}

/// Whether it says that the topic or partition is not there.
pub(super) fn is_gone(code: RDKafkaErrorCode) -> bool {
    matches!(
        code,
        RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownPartition
            | RDKafkaErrorCode::UnknownTopicOrPartition
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brokers_that_are_away_are_asked_again_and_mistakes_are_not() {
        let away = KafkaError::MetadataFetch(RDKafkaErrorCode::BrokerTransportFailure);
        assert!(of("x", &away).retryable());
        let admin = KafkaError::AdminOp(RDKafkaErrorCode::OperationTimedOut);
        assert!(of("x", &admin).retryable());
        let denied = of_code("x", RDKafkaErrorCode::TopicAuthorizationFailed);
        assert!(!denied.retryable());
        assert!(matches!(denied, LogError::Io { code: Some(29), .. }));
        let made = KafkaError::ClientCreation("no".to_owned());
        assert!(matches!(of("x", &made), LogError::Mismatch(_)));
    }
}
