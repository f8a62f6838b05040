namespace Broker.Bench.Streams;

/// <summary>How much is measured.</summary>
/// <param name="Broker">The broker's executable.</param>
/// <param name="Nats">The executable of NATS.</param>
/// <param name="Events">Events that are produced one by one; five times as many come in batches.</param>
/// <param name="Size">Bytes of an event's body.</param>
/// <param name="Rate">Events a second while latencies are measured.</param>
/// <param name="Seconds">How long latencies and the idle time are measured.</param>
/// <param name="KillEvents">Events while a silo is killed.</param>
/// <param name="KillRate">How many of them a second.</param>
internal sealed record StreamRunOptions(string Broker, string Nats, int Events, int Size, int Rate, int Seconds, int KillEvents, int KillRate);
