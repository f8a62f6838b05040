using Broker.Channels;
using Broker.Gateway.Telemetry;
using Broker.Gateways;

namespace Broker.Tests.Simulation.Whole;

/// <summary>A consumer that finishes, requeues, touches or forgets what it gets.</summary>
internal sealed class SimulatedConsumer(SimulatedLink link, int number, int timeout, int ready, Random random)
{
    private const long WindowBytes = 64;

    public int Number { get; } = number;

    public int Timeout { get; } = timeout;

    public int Ready { get; set; } = ready;

    public long Window { get; private set; } = WindowBytes;

    public SortedDictionary<long, InFlightMessage> InFlight { get; } = [];

    private readonly Dictionary<long, string> _values = [];

    public ConsumerAttachment Attachment => new()
    {
        Consumer = Number,
        MessageTimeout = Timeout,
        Ready = Ready,
        Window = Window,
        InFlight = [.. InFlight.Values],
    };

    public void Take(DeliveryRun run, ulong prefix, long now)
    {
        int position = run.Position;
        for (int i = 0; i < run.Count; i++)
        {
            long offset = run.FirstOffset + i;
            string value = System.Text.Encoding.ASCII.GetString(run.Batch.BodyAt(position).Span);
            position += run.Batch.SizeAt(position);
            Window -= value.Length;
            InFlight[offset] = new InFlightMessage(offset, run.Attempts, now, now + Timeout);
            _values[offset] = value;
            link.Gateway.World.Oracle.Delivered(
                link.Topic, link.Channel, Messages.MessageId.Of(prefix, offset), value, now, run.Attempts);
            link.Enqueue(new ConsumerCommand(0, value.Length, Number, CommandKind.Window));
            Window += value.Length;
            Act(offset, value);
        }
    }

    private void Act(long offset, string value)
    {
        int choice = link.Gateway.World.Draining ? 0 : random.Next(20);
        switch (choice)
        {
            case < 12:
                End(new ConsumerCommand(offset, 0, Number, CommandKind.Finish), value);
                break;
            case < 14:
                End(new ConsumerCommand(offset, random.Next(2) == 0 ? 0 : random.Next(1, 20_000), Number, CommandKind.Requeue), value);
                break;
            case < 15:
                link.Enqueue(new ConsumerCommand(offset, 0, Number, CommandKind.Touch));
                _ = LaterAsync(offset, value);
                break;
            case < 18:
                _ = LaterAsync(offset, value);
                break;
            default:
                // Left to its timeout; the gateway still counts it as in flight until then.
                _ = ForgetAsync(offset);
                break;
        }
    }

    private async Task LaterAsync(long offset, string value)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1, Timeout * 2)), link.Gateway.World.Time);
        if (InFlight.ContainsKey(offset))
            End(new ConsumerCommand(offset, 0, Number, CommandKind.Finish), value);
    }

    private async Task ForgetAsync(long offset)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(Timeout * 3), link.Gateway.World.Time);
        InFlight.Remove(offset);
    }

    private void End(ConsumerCommand command, string value)
    {
        InFlight.Remove(command.Offset, out InFlightMessage message);
        if (command.Kind == CommandKind.Finish)
            link.Gateway.World.Oracle.FinishSent(link.Topic, link.Channel, value);
        link.Enqueue(command, value, link.Gateway.World.Oracle.Mark(), message.Deadline);
    }
}
