using Broker.Orleans.Streaming;
using Microsoft.Extensions.Configuration;

namespace Orleans.Hosting;

/// <summary>Reads the options of a provider from where Orleans keeps them, and Aspire puts them.</summary>
internal static class BrokerStreamsConfiguration
{
    public static void Bind(IConfiguration configuration, string name, BrokerStreamOptions options)
    {
        IConfigurationSection section = configuration.GetSection($"Orleans:Streaming:{name}");
        if (section["ServiceKey"] is { Length: > 0 } key && configuration.GetConnectionString(key) is { Length: > 0 } addresses)
        {
            foreach (string address in addresses.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
                options.Addresses.Add(WithoutScheme(address));
        }
        section.Bind(options);
    }

    // Aspire hands endpoints out as URLs.
    private static string WithoutScheme(string address) =>
        Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && uri.Host.Length > 0 ? $"{uri.Host}:{uri.Port}" : address;
}
