using System.Runtime.InteropServices;
using System.Text;
using Broker.Channels;
using Broker.Events;
using Broker.Gateways;
using Broker.Storage;
using Orleans.Runtime;

namespace Broker.Tests.Grains.Faults;

/// <summary>A gateway with one consumer of a channel, which is heard from every two seconds and finishes what it gets unless told otherwise.</summary>
internal sealed class ScriptedGateway(GrainWorld world, string channel) : IGatewayObserver
{
    private readonly List<ConsumerCommand> _commands = [];
    private IGatewayObserver? _reference;
    private long _incarnation;
    private long _number;

    /// <summary>Bodies in the order of their deliveries, and when they came by the steady clock.</summary>
    public List<(string Body, TimeSpan At)> Deliveries { get; } = [];

    public IEnumerable<string> Got => Deliveries.Select(delivery => delivery.Body);

    public bool Finishes { get; set; } = true;

    public bool IsClosed { get; private set; }

    public bool IsStopped { get; set; }

    public int MessageTimeout { get; init; } = 60_000;

    /// <summary>Subscribes and goes on until the channel is closed or it is told to stop.</summary>
    public Task Start() => world.Scheduler.Start(RunAsync);

    public void Deliver(Delivery delivery)
    {
        foreach (DeliveryRun run in delivery.Runs)
        {
            int position = run.Position;
            for (int i = 0; i < run.Count; i++)
            {
                Deliveries.Add((Encoding.ASCII.GetString(run.Batch.BodyAt(position).Span), world.Time.Elapsed));
                position += run.Batch.SizeAt(position);
                if (Finishes)
                    _commands.Add(new ConsumerCommand(run.FirstOffset + i, 0, 1, CommandKind.Finish));
            }
        }
    }

    public void Close(string channelKey, long incarnation) => IsClosed |= incarnation == _incarnation;

    public void Happened(BrokerEvent happened)
    {
        // It goes by what it asks.
    }

    private async Task RunAsync()
    {
        _reference = world.Simulation.Grains.CreateObjectReference<IGatewayObserver>(this);
        _incarnation = (await world.Topic.CreateChannelAsync(channel)).Incarnation;
        await AttachAsync(again: false);
        while (!IsStopped && !IsClosed)
        {
            await Task.Delay(TimeSpan.FromSeconds(2), world.Time);
            ConsumerCommand[] commands = [.. _commands];
            _commands.Clear();
            await SendAsync(commands);
        }
    }

    private async Task SendAsync(ConsumerCommand[] commands)
    {
        CommandBatch batch = NextBatch(commands);
        while (!IsStopped && !IsClosed)
        {
            try
            {
                CommandReply reply = await world.Channel(channel).ExecuteAsync(batch);
                if (reply.Status == CommandStatus.Ok)
                    return;
                if (reply.Status == CommandStatus.Gone)
                {
                    IsClosed = true;
                    return;
                }

                await AttachAsync(again: true);
                _number = 0;
                batch = NextBatch(commands);
            }
            catch (Exception e) when (e is TimeoutException or OrleansException or StoreException)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(100), world.Time);
            }
        }
    }

    private CommandBatch NextBatch(ConsumerCommand[] commands) => new()
    {
        Gateway = "g",
        Incarnation = _incarnation,
        Sequence = ++_number,
        Data = MemoryMarshal.AsBytes<ConsumerCommand>(commands).ToArray(),
    };

    private async Task AttachAsync(bool again)
    {
        AttachReply reply = await world.Channel(channel).AttachAsync(new AttachRequest
        {
            Gateway = "g",
            Observer = _reference!,
            Incarnation = _incarnation,
            Again = again,
            Consumers = [new ConsumerAttachment { Consumer = 1, MessageTimeout = MessageTimeout, Ready = 100, Window = 1 << 20 }],
        });
        IsClosed |= reply.Status == AttachStatus.Gone;
    }
}
