using Broker.Silo.CommandLine;
using Broker.Silo.Hosting;

return await new BrokerProgram(BrokerHost.ServeAsync, Environment.GetEnvironmentVariables(), Console.Out, Console.Error).RunAsync(args);
