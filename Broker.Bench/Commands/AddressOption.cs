using System.CommandLine;
using Broker.Bench.Sockets;

namespace Broker.Bench.Commands;

/// <summary>An option that says where a server listens.</summary>
internal sealed class AddressOption : Option<ServerAddress>
{
    public AddressOption(string name, string description)
        : base(name)
    {
        Description = description;
        CustomParser = result =>
        {
            ServerAddress? address = ServerAddress.Parse(result.Tokens[0].Value);
            if (address is null)
                result.AddError($"{name} must be host:port, not '{result.Tokens[0].Value}'");
            return address;
        };
    }
}
