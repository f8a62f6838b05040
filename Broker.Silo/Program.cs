using Broker.Silo.CommandLine;
using Broker.Silo.Hosting;

return await new BrokerProgram(
    BrokerHost.ServeAsync, BrokerHost.ServeLookupAsync, Environment.GetEnvironmentVariables(), Console.Out, Console.Error).RunAsync(args);
