namespace Broker.Bench.Versus;

/// <summary>What all works have in common.</summary>
/// <param name="Size">Bytes of a message's body.</param>
/// <param name="WarmUp">How long each works before it is measured.</param>
/// <param name="Duration">How long each is measured, at most.</param>
/// <param name="Backlog">Messages that wait before a backlog is consumed, if they can be published in <paramref name="FillTime"/>.</param>
/// <param name="FillTime">How long a backlog is filled at most.</param>
internal sealed record WorkSettings(int Size, TimeSpan WarmUp, TimeSpan Duration, long Backlog, TimeSpan FillTime);
