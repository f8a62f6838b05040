using Microsoft.Extensions.Configuration;
using Orleans;
using Orleans.Hosting;
using Orleans.Providers;

[assembly: RegisterProvider("Broker", "Streaming", "Silo", typeof(BrokerStreamProviderBuilder))]
[assembly: RegisterProvider("Broker", "Streaming", "Client", typeof(BrokerStreamProviderBuilder))]

namespace Orleans.Hosting;

/// <summary>Adds the providers that the configuration names with <c>"ProviderType": "Broker"</c>.</summary>
internal sealed class BrokerStreamProviderBuilder : IProviderBuilder<ISiloBuilder>, IProviderBuilder<IClientBuilder>
{
    public void Configure(ISiloBuilder builder, string? name, IConfigurationSection configurationSection) => builder.AddBrokerStreams(Named(name));

    public void Configure(IClientBuilder builder, string? name, IConfigurationSection configurationSection) => builder.AddBrokerStreams(Named(name));

    private static string Named(string? name) =>
        name ?? throw new InvalidOperationException("Streams on a broker need a name: put their section below Orleans:Streaming:<name>.");
}
