using Broker.Channels;
using Broker.Gateway.Consuming;
using Broker.Gateways;
using Broker.Messages;

namespace Broker.Tests.Simulation.Whole;

/// <summary>
/// A client's connection with one subscription. The client finishes, requeues, touches or forgets what it gets, changes its RDY, and is sometimes slow to read.
/// </summary>
internal sealed class SimulatedConnection(SimulatedGateway gateway, string topic, string channel, int number, int timeout, int ready) : IConsumerConnection
{
    // Milliseconds that a delivery is on its way at most, before a consumer's time begins by its own clock.
    private const long Latency = 10;

    private readonly Queue<(DeliveryRun Run, long Deadline)> _output = new();
    private readonly HashSet<long> _held = [];
    private Subscription? _subscription;
    private bool _isWriting;
    private bool _isClosed;
    private bool _hasEnded;

    public string Topic => topic;

    public string Channel => channel;

    public int Number => number;

    public int MessageTimeout => timeout;

    public bool HasDefaultTimeout => false;

    public int SampleRate => 0;

    public Proximity Proximity => Proximity.Global;

    public string RemoteEndPoint => $"client-{number}:1";

    public string ClientId => $"client {number}";

    public long WrittenUpTo { get; private set; }

    private BrokerWorld World => gateway.World;

    private Random Random => gateway.Random;

    private Consumer Consumer => _subscription!.Consumer;

    /// <summary>SUB and RDY.</summary>
    /// <returns>Whether the client was let in.</returns>
    public async Task<bool> SubscribeAsync()
    {
        (_subscription, _) = await Subscription.MakeAsync(this, gateway.Links, topic, channel);
        if (_subscription is null)
            return false;
        if (_isClosed)
        {
            _hasEnded = true;
            _subscription.End();
            return false;
        }

        World.Oracle.ChannelCreated(topic, channel);
        SetReady(ready);
        return true;
    }

    /// <summary>The client closes its connection.</summary>
    public void End()
    {
        _hasEnded = true;
        _output.Clear();
        gateway.Forget(this);
        _subscription!.End();
    }

    public void Deliver(in DeliveryRun run, int size)
    {
        if (_hasEnded)
            return;
        int position = run.Position;
        for (int i = 0; i < run.Count; i++)
        {
            World.Oracle.Delivered(
                topic, channel, MessageId.Of(_subscription!.Link.IdPrefix, run.FirstOffset + i), ValueAt(run, position), World.Now, run.Attempts);
            position += run.Batch.SizeAt(position);
        }

        Assert.Equal(size, position - run.Position);
        _output.Enqueue((run, World.Now + timeout));
        if (_isWriting)
            return;
        _isWriting = true;
        gateway.Process.Post(_ => World.Watch(WriteAsync()), null);
    }

    public void Close()
    {
        _isClosed = true;
        gateway.Process.Post(_ => World.Watch(ReturnAsync()), null);
    }

    public void CloseOverdrawn(long window, long received, long excess) =>
        throw new InvalidOperationException($"more bytes left than came: window {window}, received {received}, {excess} more");

    private async Task ReturnAsync()
    {
        if (_hasEnded || _subscription is null)
            return;
        End();
        await gateway.SubscribeAsync(topic, channel);
    }

    private async Task WriteAsync()
    {
        while (_output.TryPeek(out (DeliveryRun Run, long Deadline) next))
        {
            if (!World.Draining && Random.Next(10) == 0)
                await Task.Delay(TimeSpan.FromMilliseconds(Random.Next(1, 500)), gateway.Process.Time);
            if (_hasEnded)
                return;
            _output.Dequeue();
            WrittenUpTo = next.Run.Sent;
            Read(next.Run, next.Deadline);
        }

        _isWriting = false;
    }

    private void Read(in DeliveryRun run, long deadline)
    {
        int position = run.Position;
        long bytes = 0;
        List<(ConsumerCommand Command, string Value)> replies = [];
        for (int i = 0; i < run.Count; i++)
        {
            string value = ValueAt(run, position);
            position += run.Batch.SizeAt(position);
            bytes += value.Length;
            Act(run.FirstOffset + i, value, deadline, replies);
        }

        if (Consumer.AddCredit(bytes) && Consumer.TakeCredit() is { } credit)
            _subscription!.Link.Add([credit], out _);
        if (replies.Count > 0)
            Send(replies, deadline);
        _subscription!.Link.Start();
        if (!World.Draining && Random.Next(50) == 0)
            SetReady(Random.Next(1, 50));
    }

    private void Act(long offset, string value, long deadline, List<(ConsumerCommand Command, string Value)> replies)
    {
        int choice = World.Draining ? 0 : Random.Next(20);
        switch (choice)
        {
            case < 12:
                replies.Add((new ConsumerCommand(offset, 0, number, CommandKind.Finish), value));
                break;
            case < 14:
                replies.Add((new ConsumerCommand(offset, Random.Next(2) == 0 ? 0 : Random.Next(1, 20_000), number, CommandKind.Requeue), value));
                break;
            case < 15:
                replies.Add((new ConsumerCommand(offset, 0, number, CommandKind.Touch), value));
                World.Watch(FinishLaterAsync(offset, value, deadline));
                break;
            case < 18:
                World.Watch(FinishLaterAsync(offset, value, deadline));
                break;
            default:
                // Left to its timeout.
                break;
        }
    }

    private async Task FinishLaterAsync(long offset, string value, long deadline)
    {
        if (!_held.Add(offset))
            return;
        await Task.Delay(TimeSpan.FromMilliseconds(Random.Next(1, timeout * 2)), gateway.Process.Time);
        _held.Remove(offset);
        if (_hasEnded)
            return;
        Send([(new ConsumerCommand(offset, 0, number, CommandKind.Finish), value)], deadline);
        _subscription!.Link.Start();
    }

    private void Send(List<(ConsumerCommand Command, string Value)> replies, long deadline)
    {
        foreach ((ConsumerCommand command, string value) in replies)
        {
            if (command.Kind == CommandKind.Finish)
                World.Oracle.FinishSent(topic, channel, value);
        }

        CommandCall call = _subscription!.Link.Add([.. replies.Select(reply => reply.Command)], out int first);
        World.Watch(SettleAsync(call, first, replies, World.Oracle.Mark(), deadline));
    }

    private async Task SettleAsync(CommandCall call, int first, List<(ConsumerCommand Command, string Value)> replies, long mark, long deadline)
    {
        if (!call.IsCompleted)
            await call.WaitAsync();
        // What has timed out meanwhile may have been sent again before the FIN came.
        if (_hasEnded || _isClosed || World.Now + Latency >= deadline)
            return;
        HashSet<int> failed = [.. call.Failures.Select(failure => failure.Index - first)];
        for (int i = 0; i < replies.Count; i++)
        {
            if (replies[i].Command.Kind == CommandKind.Finish && !failed.Contains(i))
                World.Oracle.Finished(topic, channel, replies[i].Value, mark);
        }
    }

    private void SetReady(int count)
    {
        Consumer.Ready = count;
        _subscription!.Link.Add([new ConsumerCommand(0, count, number, CommandKind.Ready)], out _);
        _subscription.Link.Start();
    }

    private static string ValueAt(in DeliveryRun run, int position) => System.Text.Encoding.ASCII.GetString(run.Batch.BodyAt(position).Span);
}
