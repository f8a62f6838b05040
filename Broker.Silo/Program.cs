using Broker.Silo.CommandLine;
using Broker.Silo.Hosting;

return await new BrokerProgram(
    BrokerHost.ServeAsync, BrokerHost.ServeLookupAsync, BrokerHost.ServeAdminAsync, BrokerHost.ServeGatewayAsync, Environment.GetEnvironmentVariables(),
    Console.In, Console.Out, Console.Error).RunAsync(args);
