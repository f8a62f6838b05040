using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Orleans.Hosting;

namespace Broker.Silo.Cluster;

/// <summary>
/// Takes the place of the sockets of a silo that is alone on purpose. Nobody may call its grains from outside, and brokers on one machine need no port
/// each: the silo's address is a name that nothing listens on.
/// </summary>
internal static class NoSiloListener
{
    /// <summary>Lets the silo listen nowhere.</summary>
    public static ISiloBuilder ListenNowhere(this ISiloBuilder silo)
    {
        // Orleans asks for a factory by a key of its own for each of its two ports.
        foreach (ServiceDescriptor factory in silo.Services.Where(IsListenerFactory).ToArray())
        {
            silo.Services.Remove(factory);
            silo.Services.AddKeyedSingleton<IConnectionListenerFactory, Factory>(factory.ServiceKey);
        }
        return silo;
    }

    private static bool IsListenerFactory(ServiceDescriptor service) =>
        service.IsKeyedService && service.ServiceType == typeof(IConnectionListenerFactory);

    private sealed class Factory : IConnectionListenerFactory
    {
        public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) => new(new Listener(endpoint));
    }

    private sealed class Listener(EndPoint endpoint) : IConnectionListener
    {
        private readonly TaskCompletionSource<ConnectionContext?> _unbound = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public EndPoint EndPoint => endpoint;

        // Nobody comes until the end.
        public ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default) => new(_unbound.Task.WaitAsync(cancellationToken));

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            _unbound.TrySetResult(null);
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync() => UnbindAsync();
    }
}
