using Broker.Silo;
using Broker.Silo.CommandLine;
using Broker.Silo.Hosting;

// Before anything is loaded for which there may be no files left.
if (OpenFiles.Complaint(args.Length > 0 ? args[0] : null) is { } complaint)
{
    Console.Error.WriteLine($"{Product.Program}: {complaint}");
    return ExitCode.NotStarted;
}

return await RunAsync(args);

static Task<int> RunAsync(string[] args) => new BrokerProgram(
    BrokerHost.ServeAsync, BrokerHost.ServeLookupAsync, BrokerHost.ServeAdminAsync, BrokerHost.ServeGatewayAsync, Environment.GetEnvironmentVariables(),
    Console.In, Console.Out, Console.Error).RunAsync(args);
