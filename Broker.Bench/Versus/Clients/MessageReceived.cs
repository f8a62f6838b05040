namespace Broker.Bench.Versus.Clients;

/// <summary>Takes a message.</summary>
/// <param name="body">Its body, valid during the call.</param>
/// <param name="redelivered">Whether it had been delivered before.</param>
/// <returns>Whether it shall be acknowledged.</returns>
internal delegate bool MessageReceived(ReadOnlySpan<byte> body, bool redelivered);
