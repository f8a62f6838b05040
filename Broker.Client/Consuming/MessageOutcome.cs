namespace Broker.Client;

/// <summary>How a message ended, as far as backing off is concerned.</summary>
internal enum MessageOutcome
{
    Finished,
    Requeued,
    Failed,
}
