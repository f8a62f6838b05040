using System.Runtime.InteropServices;
using Broker.Channels;
using Broker.Gateways;
using Broker.Topics;
using Orleans;

namespace Broker.Tests.Simulation.Whole;

/// <summary>A gateway's side of a channel: one numbered command batch under way, and attaching again when it is told to.</summary>
internal sealed class SimulatedLink(SimulatedGateway gateway, string topic, string channel)
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan RetryDelay = TimeSpan.FromMilliseconds(100);

    // Milliseconds that a delivery is on its way at most, before a consumer's time begins by its own clock.
    private const long Latency = 10;

    private readonly SortedDictionary<int, SimulatedConsumer> _consumers = [];
    private List<(ConsumerCommand Command, string? Value, long Mark, long Deadline)> _waiting = [];
    private long _incarnation;
    private long _sequence;
    private ulong _prefix;
    private bool _pumping;

    public SimulatedGateway Gateway { get; } = gateway;

    public string Topic { get; } = topic;

    public string Channel { get; } = channel;

    private IChannelGrain Grain => Gateway.Silo.Grains.GetGrain<IChannelGrain>(ChannelKey.Of(Topic, Channel));

    public async Task SubscribeAsync(SimulatedConsumer consumer)
    {
        while (Gateway.Alive)
        {
            try
            {
                ChannelReply reply = await Gateway.Silo.Grains.GetGrain<ITopicGrain>(Topic).CreateChannelAsync(Channel);
                if (reply.Status == TopicStatus.Ok)
                {
                    Gateway.World.Oracle.ChannelCreated(Topic, Channel);
                    _incarnation = reply.Incarnation;
                    _prefix = reply.IdPrefix;
                    _consumers[consumer.Number] = consumer;
                    AttachReply attached = await AttachAsync([consumer.Attachment], again: false);
                    if (attached.Status == AttachStatus.Ok)
                        break;
                    _consumers.Remove(consumer.Number);
                }
            }
            catch (Exception e) when (SimulatedGateway.IsPassing(e))
            {
                _consumers.Remove(consumer.Number);
            }

            await Task.Delay(RetryDelay, Gateway.World.Time);
        }

        if (!_pumping)
        {
            _pumping = true;
            _ = PumpAsync();
        }
    }

    /// <param name="command">What the consumer answers.</param>
    /// <param name="value">The message that it answers; null for none.</param>
    /// <param name="mark">Where the oracle stood.</param>
    /// <param name="deadline">When the message times out, in milliseconds since the Unix epoch.</param>
    public void Enqueue(ConsumerCommand command, string? value = null, long mark = 0, long deadline = 0) => _waiting.Add((command, value, mark, deadline));

    public void Deliver(Delivery delivery)
    {
        foreach (DeliveryRun run in delivery.Runs)
        {
            if (_consumers.TryGetValue(run.Consumer, out SimulatedConsumer? consumer))
                consumer.Take(run, _prefix, Gateway.World.Now);
        }
    }

    private async Task PumpAsync()
    {
        TimeSpan idle = TimeSpan.Zero;
        while (Gateway.Alive)
        {
            if (_waiting.Count == 0 && idle < KeepAlive)
            {
                TimeSpan wait = TimeSpan.FromMilliseconds(Gateway.Random.Next(1, 200));
                idle += wait;
                await Task.Delay(wait, Gateway.World.Time);
                continue;
            }

            idle = TimeSpan.Zero;
            List<(ConsumerCommand Command, string? Value, long Mark, long Deadline)> batch = _waiting;
            _waiting = [];
            await ExecuteAsync(batch);
        }
    }

    private async Task ExecuteAsync(List<(ConsumerCommand Command, string? Value, long Mark, long Deadline)> batch)
    {
        _sequence++;
        ConsumerCommand[] commands = [.. batch.Select(item => item.Command)];
        while (Gateway.Alive)
        {
            try
            {
                CommandReply reply = await Grain.ExecuteAsync(new CommandBatch
                {
                    Gateway = Gateway.Id,
                    Incarnation = _incarnation,
                    Sequence = _sequence,
                    Data = MemoryMarshal.AsBytes<ConsumerCommand>(commands).ToArray(),
                });
                if (reply.Status == CommandStatus.NotAttached)
                {
                    AttachReply attached = await AttachAsync([.. _consumers.Values.Select(c => c.Attachment)], again: true);
                    if (attached.Status == AttachStatus.Ok)
                    {
                        _sequence = 1;
                        // The windows were handed over whole.
                        commands = [.. commands.Where(c => c.Kind != CommandKind.Window)];
                        batch.RemoveAll(item => item.Command.Kind == CommandKind.Window);
                        continue;
                    }

                    Assert.NotEqual(AttachStatus.Gone, attached.Status);
                    await Task.Delay(RetryDelay, Gateway.World.Time);
                    continue;
                }

                Assert.Equal(CommandStatus.Ok, reply.Status);
                HashSet<int> failed = [.. (reply.Failures ?? []).Select(f => f.Index)];
                for (int i = 0; i < batch.Count; i++)
                {
                    // What has timed out meanwhile may have been sent again before the FIN came.
                    if (batch[i].Command.Kind == CommandKind.Finish && !failed.Contains(i) && Gateway.World.Now + Latency < batch[i].Deadline)
                        Gateway.World.Oracle.Finished(Topic, Channel, batch[i].Value!, batch[i].Mark);
                }

                return;
            }
            catch (Exception e) when (SimulatedGateway.IsPassing(e))
            {
                await Task.Delay(RetryDelay, Gateway.World.Time);
            }
        }
    }

    private async Task<AttachReply> AttachAsync(ConsumerAttachment[] consumers, bool again)
    {
        return await Grain.AttachAsync(new AttachRequest
        {
            Gateway = Gateway.Id,
            Observer = Gateway.Reference,
            Incarnation = _incarnation,
            Consumers = consumers,
            Again = again,
        });
    }
}
