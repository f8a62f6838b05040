using Microsoft.Extensions.Hosting;

namespace Broker.Gateway.Lookup;

/// <summary>Makes this broker's topics and channels known to the lookup service in the same process, without a connection.</summary>
public sealed class LocalRegistration(LookupRegistry registry, BrokerTopology topology, BrokerIdentity identity) : IHostedLifecycleService
{
    private readonly Announcement _announcement = new();

    /// <summary>Registers: the ports are known by now.</summary>
    public Task StartedAsync(CancellationToken cancellationToken)
    {
        LookupPeer self = registry.Add(identity.LocalAddress, identity.Describe(), isLocal: true);
        topology.Subscribe(topic =>
        {
            foreach (LookupCommand command in _announcement.Update(topic, topology.FindChannels(topic)))
            {
                if (command.IsRegister)
                    registry.Register(self, command.Topic, command.Channel);
                else
                    registry.Unregister(self, command.Topic, command.Channel);
            }
        });
        return Task.CompletedTask;
    }

    Task IHostedService.StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedService.StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    Task IHostedLifecycleService.StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
